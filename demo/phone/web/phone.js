// The phone's behaviour: who texts, what is sent, and the bubbles that come back.
// It only shows what the network says; counting and timing are done there.

const $ = (id) => document.getElementById(id);
const OTHER = "other";
const state = { version: -1, polling: null, bubbles: new Map(), inference: "" };

async function call(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || `HTTP ${response.status}`);
  return answer;
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

// who and how

const channel = () => document.querySelector("input[name=channel]:checked").value;
const number = () => {
  const person = $("person").value;
  return (person === OTHER ? $("number").value : person).replace(/[\s()-]/g, "");
};
const hasNumber = () => /^\+[1-9][0-9]{6,14}$/.test(number());

function whoChanged() {
  $("number-row").hidden = $("person").value !== OTHER;
  const ready = hasNumber();
  for (const control of document.querySelectorAll("#composer button, #examples button")) {
    control.disabled = !ready;
  }
  $("text").placeholder = channel() === "whatsapp" ? "WhatsApp message" : "Text message";
  follow();
}

// bubbles

const TICKS = {
  pending: ["◦", "sending", ""],
  accepted: ["✓✓", "received", ""],
  queued: ["◦", "queued", ""],
  sent: ["✓", "sent", ""],
  delivered: ["✓✓", "delivered", ""],
  read: ["✓✓", "read", "read"],
};

function ticks(message) {
  const [sign, word, kind] = TICKS[message.status] || ["⚠", failure(message), "bad"];
  const span = document.createElement("span");
  span.className = `ticks ${kind}`;
  span.textContent = `${sign} ${word}`;
  return span;
}

function failure(message) {
  if (message.mine) return `not taken: ${message.status}`;
  return message.error ? `${message.status}, error ${message.error}` : message.status;
}

// each fact stays on one line; the row breaks between them
function fact(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}

function facts(message) {
  const clock = new Date(message.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const parts = [clock];
  if (!message.mine || message.segments > 1) {
    parts.push(`${message.characters} characters`);
    if (message.segments) {
      parts.push(`${message.segments} ${message.segments === 1 ? "segment" : "segments"}`);
      parts.push(message.encoding);
    }
  }
  if (message.seconds !== null) parts.push(`${message.seconds.toFixed(1)} s`);
  return parts.flatMap((part) => [fact(part), " · "]);
}

function newBubble(message) {
  const item = document.createElement("li");
  item.className = message.mine ? "bubble mine" : "bubble";
  item.dataset.sid = message.sid;
  const author = document.createElement("span");
  author.className = "hidden";
  author.textContent = message.mine ? "You: " : "Chewie: ";
  const body = document.createElement("div");
  body.className = "body";
  const meta = document.createElement("p");
  meta.className = "meta";
  item.append(author, body, meta);
  return item;
}

function fill(item, message) {
  const body = item.querySelector(".body");
  if (message.photo && !body.querySelector("img")) {
    const photo = document.createElement("img");
    photo.src = "/web/photo.png";
    photo.alt = "A sample photo";
    body.replaceChildren(photo);
  } else if (!message.photo && body.textContent !== message.body) {
    body.textContent = message.body;
  }
  item.dataset.status = message.status;
  item.querySelector(".meta").replaceChildren(...facts(message), ticks(message));
}

function show(thread) {
  const area = $("conversation");
  const atEnd = area.scrollHeight - area.scrollTop - area.clientHeight < 80;
  let added = false;
  for (const message of thread.messages) {
    let item = state.bubbles.get(message.sid);
    if (!item) {
      item = newBubble(message);
      state.bubbles.set(message.sid, item);
      $("thread").append(item);
      added = true;
    }
    fill(item, message);
  }
  $("empty").hidden = thread.messages.length > 0;
  $("typing").hidden = !thread.awaiting;
  if (atEnd || added) area.scrollTop = area.scrollHeight;
}

// live updates: one long poll at a time, ended when another conversation is chosen

function follow() {
  if (state.polling) state.polling.abort();
  state.version = -1;
  state.bubbles.clear();
  $("thread").replaceChildren();
  $("typing").hidden = true;
  $("empty").hidden = false;
  if (!hasNumber()) return;
  state.polling = new AbortController();
  poll(state.polling.signal, new URLSearchParams({ number: number(), channel: channel() }));
}

async function poll(signal, query) {
  while (!signal.aborted) {
    query.set("since", state.version);
    query.set("wait", state.version < 0 ? 0 : 15);
    try {
      const response = await fetch(`/phone/thread?${query}`, { signal });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const thread = await response.json();
      if (signal.aborted) return;
      trouble("");
      state.version = thread.version;
      show(thread);
    } catch (error) {
      if (signal.aborted) return;
      trouble("The phone has lost its network: is the demo still running?");
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

// sending

async function send(text, photo = false) {
  if (!photo && !text.trim()) return;
  try {
    await call("/phone/messages", { number: number(), channel: channel(), text, photo });
  } catch (error) {
    trouble(`Not sent: ${error.message}`);
  }
}

function grow() {
  const box = $("text");
  box.rows = 1;
  while (box.rows < 5 && box.scrollHeight > box.clientHeight) box.rows += 1;
}

function submit(event) {
  event.preventDefault();
  if (!hasNumber()) return;
  const text = $("text").value;
  $("text").value = "";
  grow();
  send(text);
}

// the inference service

const INFERENCE = {
  running: ["Model is running", "Stop it", "stop"],
  starting: ["Model is starting…", "Stop it", "stop"],
  stopped: ["Model is stopped: rules answer alone", "Start it", "start"],
  failed: ["Model has failed: rules answer alone", "Start it", "start"],
};

function showInference(name) {
  const [words, action, wish] = INFERENCE[name] || [`Model: ${name}`, "Start it", "start"];
  if (name !== state.inference) $("inference-state").textContent = words;
  state.inference = name;
  $("inference-dot").dataset.state = name;
  $("inference-change").textContent = action;
  $("inference-change").dataset.wish = wish;
}

async function watchInference() {
  try {
    showInference((await call("/phone/inference")).state);
  } catch (error) {
    showInference("unknown");
  }
  setTimeout(watchInference, 2000);
}

async function changeInference() {
  const button = $("inference-change");
  button.disabled = true;
  try {
    showInference((await call("/phone/inference", { wish: button.dataset.wish })).state);
  } catch (error) {
    trouble(error.message);
  }
  button.disabled = false;
}

// start

function option(value, text) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = text;
  return element;
}

function chip(text) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.title = text;
  button.addEventListener("click", () => send(text));
  item.append(button);
  return item;
}

async function start() {
  const setup = await call("/phone/setup");
  $("service-number").textContent = setup.service_number;
  $("person").append(
    ...setup.people.map((person) => option(person.number, person.name)),
    option(OTHER, "Another number…"),
  );
  $("examples").append(...setup.examples.map(chip));
  $("person").addEventListener("change", whoChanged);
  $("number").addEventListener("change", whoChanged);
  for (const radio of document.querySelectorAll("input[name=channel]")) {
    radio.addEventListener("change", whoChanged);
  }
  $("composer").addEventListener("submit", submit);
  $("photo").addEventListener("click", () => send("", true));
  $("text").addEventListener("input", grow);
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });
  if (setup.has_control) {
    $("inference").hidden = false;
    $("inference-change").addEventListener("click", changeInference);
    watchInference();
  }
  whoChanged();
}

start().catch((error) => trouble(`The phone could not start: ${error.message}`));
