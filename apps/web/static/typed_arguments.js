// When another task is chosen in a schedule's form, ask for that one's arguments.  The server draws the fields.

const shown = document.querySelector("[data-arguments]");
const task = shown?.closest("form")?.querySelector("[name=task]");

let asked = 0;

async function draw() {
  const mine = ++asked;
  try {
    const answer = await fetch(`${shown.dataset.arguments}?${new URLSearchParams({ task: task.value })}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const html = await answer.text();
    if (mine === asked) shown.innerHTML = html;
  } catch {
    if (mine === asked) shown.textContent = "The fields could not be loaded. Enter the arguments as JSON below.";
  }
}

task?.addEventListener("change", draw);
