// Uploading: drop a file, see a mistake before it is sent, see how much was sent.  The form works without all this.

const form = document.querySelector("[data-upload]");
const drop = form.querySelector("[data-drop]");
const input = form.querySelector("input[type=file]");
const chosen = form.querySelector("[data-chosen]");
const error = form.querySelector("[data-error]");
const submit = form.querySelector("[data-submit]");
const sent = form.querySelector("[data-sent]");
const most = Number(form.dataset.most);

function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  let unit = 0;
  while (bytes >= 1000 && unit < 3) {
    bytes /= 1000;
    unit += 1;
  }
  return `${bytes.toLocaleString("en-GB", { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`;
}

function mistake() {
  const file = input.files[0];
  if (!file) return "Choose a file first.";
  if (file.size === 0) return "The file is empty. Expected a CSV file whose first row names the columns.";
  if (file.size > most) return `The file has ${size(file.size)}, the limit is ${form.dataset.mostWords}. Split it, or compress it as .gz or .xz.`;
  return "";
}

function show(text) {
  error.replaceChildren();
  input.toggleAttribute("aria-invalid", false);
  if (!text) return;
  const line = document.createElement("p");
  line.className = "error";
  line.id = "file-error";
  line.setAttribute("role", "alert");
  line.textContent = text;
  error.append(line);
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", "file-error");
}

function busy(on) {
  submit.disabled = on;
  submit.setAttribute("aria-busy", String(on));
  submit.querySelector("span").textContent = on ? "Sending…" : "Start the import";
  sent.hidden = !on;
}

function send() {
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) sent.value = Math.floor((event.loaded * 100) / event.total);
  });
  request.addEventListener("load", () => {
    if (request.responseURL !== location.href && request.status < 400) return location.assign(request.responseURL);
    const problem = new DOMParser().parseFromString(request.responseText, "text/html").querySelector(".error, .notice.is-dead, .lost h1");
    busy(false);
    return show(problem?.textContent.trim() || "The upload failed. Try again.");
  });
  request.addEventListener("error", () => {
    busy(false);
    show("The connection was lost during the upload. Nothing was saved; try again.");
  });
  request.open("POST", form.action);
  request.send(new FormData(form));
  busy(true);
}

input.addEventListener("change", () => {
  const file = input.files[0];
  chosen.textContent = file ? `${file.name}, ${size(file.size)}` : "";
  show(file ? mistake() : "");
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = mistake();
  show(text);
  if (text) input.focus();
  else send();
});

form.querySelector("[data-drop-hint]").hidden = false;
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("is-over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change"));
});
window.addEventListener("pageshow", () => busy(false));
