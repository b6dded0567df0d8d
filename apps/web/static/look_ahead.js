// While a schedule's form is filled in, show when it would run.  The server works it out; this file asks and swaps.

const PAUSE_MS = 300; // after the last key
const shown = document.querySelector("[data-look-ahead]");
const form = shown?.closest("form");

let timer = null;
let asked = 0;

function show(html) {
  shown.innerHTML = html;
  tell();
}

// The words for the line stand beside it too.
function tell() {
  const words = shown.querySelector(".words b")?.textContent ?? "";
  const cron = form.querySelector("[name=cron]");
  for (const place of form.querySelectorAll("[data-words]")) place.textContent = cron?.value ? words : "";
}

async function ask() {
  const mine = ++asked;
  try {
    const answer = await fetch(shown.dataset.lookAhead, { method: "POST", body: new FormData(form) });
    if (!answer.ok) throw new Error(answer.statusText);
    const html = await answer.text();
    if (mine === asked) show(html);
  } catch {
    if (mine === asked) shown.textContent = "The next runs could not be computed. Keep typing, or save: the server checks the schedule.";
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE_MS);
}

if (form) {
  tell();
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}
