"""The gateway's queries by family of tables. They take a connection and never open one."""
