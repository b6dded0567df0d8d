// While a schedule's form is filled in, show when it would run.  The server works it out; this file asks and swaps.

const PAUSE_MS = 300; // after the last key
const shown = document.querySelector("[data-look-ahead]");
const form = shown?.closest("form");

let timer = null;
let asked = 0;

async function ask() {
  const mine = ++asked;
  try {
    const answer = await fetch(shown.dataset.lookAhead, { method: "POST", body: new FormData(form) });
    if (!answer.ok) throw new Error(answer.statusText);
    const html = await answer.text();
    if (mine === asked) shown.innerHTML = html;
  } catch {
    if (mine === asked) shown.textContent = "The next runs could not be computed. Keep typing, or save: the server checks the schedule.";
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE_MS);
}

if (form) {
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}
