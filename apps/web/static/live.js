// Keep the parts of a page up to date: server-sent events, or asking every two seconds where they do not get through.
// The server renders; this file swaps. It stops while the tab is hidden, when paused, and when all has ended.

import { morph } from "./morph.js";

const POLL_MS = 2000;
const AGAIN_MS = 1000; // and up to as much more, so that a restarted server is not met by all tabs at once
const FAILURES_BEFORE_POLLING = 3;
const source = document.querySelector("[data-live]");
const say = document.querySelector("[data-live-say]");
const pause = document.querySelector("[data-live-pause]");
const suffix = document.title.includes(" · ") ? document.title.slice(document.title.lastIndexOf(" · ")) : "";

let stream = null;
let timer = null;
let seen = "";
let step = source?.dataset.step;
let failures = 0;
let last = ""; // what to say when the updates end
let isOver = false; // an ended job is asked about once more: its last log lines may follow
let state = "live"; // live, paused, ended

function words(text) {
  source.textContent = text;
}

function apply(frame) {
  for (const [name, html] of Object.entries(frame.parts)) {
    const part = document.querySelector(`[data-part="${CSS.escape(name)}"]`);
    if (part) morph(part, html);
  }
  if (frame.title) document.title = frame.title + suffix;
  if (frame.step !== step) say.textContent = frame.said;
  step = frame.step;
  last = frame.step === "gone" ? frame.said : "Finished.";
}

function end(text) {
  state = "ended";
  stop();
  words(text);
  pause.hidden = true;
}

function stop() {
  stream?.close();
  stream = null;
  clearTimeout(timer);
  timer = null;
}

function start() {
  stop();
  if (state !== "live" || document.hidden) return;
  if (failures >= FAILURES_BEFORE_POLLING || !("EventSource" in window)) poll();
  else listen();
}

function listen() {
  words("Updates automatically.");
  stream = new EventSource(source.dataset.live);
  stream.addEventListener("frame", (event) => {
    failures = 0;
    apply(JSON.parse(event.data));
  });
  stream.addEventListener("end", () => state === "live" && end(last || "Finished."));
  stream.addEventListener("again", start);
  stream.addEventListener("error", () => {
    failures += 1;
    stop();
    timer = setTimeout(start, AGAIN_MS * (1 + Math.random()));
  });
}

async function poll() {
  words("Updates every 2 s.");
  try {
    const url = new URL(source.dataset.poll, location.href);
    url.searchParams.set("seen", seen);
    const answer = await fetch(url, { headers: { Accept: "application/json" }, redirect: "error" });
    if (answer.status === 401 || answer.status === 404) return end("Updates stopped. Reload the page.");
    if (answer.status === 200) {
      seen = answer.headers.get("X-Version") ?? "";
      const frame = await answer.json();
      apply(frame);
      if (frame.ended && isOver) return end(last);
      isOver = frame.ended;
    } else if (answer.status === 204 && isOver) return end(last);
  } catch {
    words("No connection; retrying.");
  }
  if (state === "live" && !document.hidden && !stream) timer = setTimeout(poll, POLL_MS);
}

function togglePause() {
  state = state === "paused" ? "live" : "paused";
  pause.setAttribute("aria-pressed", String(state === "paused"));
  pause.querySelector("use").setAttribute("href", state === "paused" ? "#i-play" : "#i-pause");
  pause.querySelector("span").textContent = state === "paused" ? "Resume updates" : "Pause updates";
  if (state === "paused") {
    stop();
    words("Paused.");
  } else start();
}

if (source) {
  source.hidden = pause.hidden = false;
  pause.addEventListener("click", togglePause);
  document.addEventListener("visibilitychange", () => {
    failures = 0;
    if (document.hidden) stop();
    else start();
  });
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => event.persisted && start());
  start();
}
