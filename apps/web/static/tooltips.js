// Django's admin names the icons of its double lists on a plain <span>, where a name does not count.

addEventListener("load", () => {
  for (const icon of document.querySelectorAll(".help-tooltip[aria-label]")) icon.setAttribute("role", "img");
});
