"""The tables as SQLAlchemy Core metadata: the reading side of the migrations. No queries here.

Columns named `*_sealed` hold Fernet tokens; columns named `*_index` hold keyed digests.
Columns of codes (urgency, conditions, outcome …) outlive retention; sealed ones do not.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=False), primary_key=True)


def _moment(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _codes(name: str) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"))


def _ref(name: str, target: str, *, nullable: bool = True) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(f"{target}.id"), nullable=nullable)


health_worker = Table(
    "health_worker",
    metadata,
    _id(),
    Column("name_code", Text, nullable=False, unique=True),
    Column("address_index", LargeBinary, nullable=False, unique=True),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("language", Text, nullable=False),
    Column("area", Text, nullable=False, server_default=""),
    Column("supervisor_sealed", LargeBinary),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    _moment("consented_at"),
    _moment("created_at", nullable=False),
)

join_code = Table(
    "join_code",
    metadata,
    _id(),
    Column("code_index", LargeBinary, nullable=False, unique=True),
    Column("name_code", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("area", Text, nullable=False, server_default=""),
    Column("supervisor_sealed", LargeBinary),
    _moment("expires_at", nullable=False),
    _moment("used_at"),
)

# Anyone who writes to us or is written to, per channel. `version` rises with every turn: a turn
# commits only if nothing else moved the conversation meanwhile.
contact = Table(
    "contact",
    metadata,
    _id(),
    Column("provider", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address_index", LargeBinary, nullable=False),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("language", Text),
    Column("version", Integer, nullable=False, server_default=text("0")),
    _moment("last_inbound_at"),
    _moment("opted_out_at"),
    _moment("turned_away_at"),
    _moment("consent_asked_at"),
    _moment("silenced_until"),
    _moment("created_at", nullable=False),
    UniqueConstraint("channel", "address_index"),
)

# One patient of one health worker; its tag on the phone is «K» and the id.
consultation = Table(
    "consultation",
    metadata,
    _id(),
    _ref("contact_id", "contact", nullable=False),
    Column("state", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("case_sealed", LargeBinary),
    Column("answer_sealed", LargeBinary),
    Column("urgency", SmallInteger, nullable=False, server_default=text("0")),
    _codes("conditions"),
    _codes("danger_signs"),
    _codes("actions"),
    Column("source", Text),
    Column("provenance", Text),
    Column("raised_by_rules", Boolean, nullable=False, server_default=text("false")),
    Column("referral_level", Text),
    _ref("facility_id", "facility"),
    Column("awaiting", Text),
    Column("question_code", Text),
    _codes("question_options"),
    _codes("questions_asked"),
    _moment("asked_at"),
    _moment("emergency_told_at"),
    Column("going", Text),
    Column("reached", Text),
    Column("outcome", Text),
    Column("close_reason", Text),
    _moment("opened_at", nullable=False),
    _moment("touched_at", nullable=False),
    _moment("closed_at"),
    Index("ix_consultation_contact_open", "contact_id", "state", "touched_at"),
    Index("ix_consultation_opened", "opened_at"),
)

inbox = Table(
    "inbox",
    metadata,
    _id(),
    Column("provider", Text, nullable=False),
    Column("message_sid", Text, nullable=False),
    _ref("contact_id", "contact", nullable=False),
    _ref("consultation_id", "consultation"),
    Column("body_sealed", LargeBinary),
    Column("body_index", LargeBinary),
    Column("media_count", Integer, nullable=False, server_default=text("0")),
    _moment("received_at", nullable=False),
    _moment("read_at"),
    _moment("handled_at"),
    Column("handling", Text),
    UniqueConstraint("provider", "message_sid"),
    Index("ix_inbox_contact_received", "contact_id", "received_at"),
    Index("ix_inbox_unhandled", "contact_id", "id", postgresql_where=text("handled_at IS NULL")),
    Index("ix_inbox_received", "received_at"),
)

# Digests of every provider id ever taken in; kept when the inbox rows are gone.
seen_message = Table(
    "seen_message",
    metadata,
    Column("sid_hash", LargeBinary, primary_key=True),
    _moment("seen_at", nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("dedupe_key", Text, nullable=False, unique=True),
    _ref("contact_id", "contact", nullable=False),
    _ref("consultation_id", "consultation"),
    _ref("inbox_id", "inbox"),
    Column("kind", Text, nullable=False),
    Column("body_sealed", LargeBinary),
    Column("encoding", Text, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("urgency", SmallInteger, nullable=False, server_default=text("0")),
    Column("source", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("provider_sid", Text, unique=True),
    Column("provider_status", Text),
    Column("error_code", Integer),
    _moment("created_at", nullable=False),
    _moment("asked_at"),
    _moment("intent_at"),
    _moment("next_attempt_at"),
    _moment("sent_at"),
    _moment("status_at"),
    _moment("redacted_at"),
    Index(
        "ix_outbox_undelivered",
        "contact_id",
        "id",
        postgresql_where=text("state IN ('pending', 'sending', 'uncertain')"),
    ),
    Index("ix_outbox_consultation", "consultation_id"),
    Index("ix_outbox_created", "created_at"),
)

facility = Table(
    "facility",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("level", Text, nullable=False),
    _codes("services"),
    Column("area", Text, nullable=False, server_default=""),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("takes_notes", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("name", "area"),
)

follow_up = Table(
    "follow_up",
    metadata,
    _id(),
    _ref("consultation_id", "consultation", nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    _moment("due_at", nullable=False),
    _moment("asked_at"),
    _moment("answered_at"),
    Column("answer", Text),
    UniqueConstraint("consultation_id", "kind"),
    Index("ix_follow_up_due", "due_at", postgresql_where=text("state = 'due'")),
)

# What a person must look at: dead letters, calls for a person, cases that cannot go, silences.
incident = Table(
    "incident",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("dedupe_key", Text, nullable=False, unique=True),
    _ref("contact_id", "contact"),
    _ref("consultation_id", "consultation"),
    _ref("inbox_id", "inbox"),
    _ref("outbox_id", "outbox"),
    Column("reason", Text, nullable=False, server_default=""),
    _moment("created_at", nullable=False),
    _moment("settled_at"),
    Index("ix_incident_created", "created_at"),
)

# Counters of fixed windows, shared between replicas.
rate_window = Table(
    "rate_window",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("window_start", DateTime(timezone=True), primary_key=True),
    Column("count", Integer, nullable=False),
)

console_user = Table(
    "console_user",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    _moment("locked_until"),
    _moment("created_at", nullable=False),
)

# A signed-in browser; only the digest of its token is stored.
console_session = Table(
    "console_session",
    metadata,
    _id(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _ref("user_id", "console_user", nullable=False),
    Column("csrf_token", Text, nullable=False),
    _moment("seen_at", nullable=False),
)

# Who opened which case, or took out which list.
audit_entry = Table(
    "audit_entry",
    metadata,
    _id(),
    Column("user_name", Text, nullable=False),
    Column("action", Text, nullable=False),
    _ref("consultation_id", "consultation"),
    _moment("at", nullable=False),
)
