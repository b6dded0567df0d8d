// Make an element's children like the given HTML, keeping every node that can stay: focus, open <details>,
// scroll positions, selections and running transitions live on.

export function morph(element, html) {
  const wanted = document.createElement(element.localName);
  wanted.innerHTML = html;
  morphChildren(element, wanted);
}

function morphChildren(old, wanted) {
  let here = old.firstChild;
  for (const next of [...wanted.childNodes]) {
    const match = findMatch(here, next);
    if (match) {
      while (here !== match) here = removed(here);
      morphNode(match, next);
      here = match.nextSibling;
    } else {
      old.insertBefore(next, here);
    }
  }
  while (here) here = removed(here);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

// A node with an id matches only its namesake, wherever it stands further on; others match the next of their kind.
function findMatch(here, wanted) {
  if (wanted.id) {
    for (let node = here; node; node = node.nextSibling) if (node.id === wanted.id) return node;
    return null;
  }
  return here && !here.id && here.nodeType === wanted.nodeType && here.nodeName === wanted.nodeName ? here : null;
}

function morphNode(old, wanted) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== wanted.nodeValue) old.nodeValue = wanted.nodeValue;
    return;
  }
  const keep = old.localName === "details" ? ["open"] : [];
  for (const { name } of [...old.attributes]) {
    if (!wanted.hasAttribute(name) && !keep.includes(name)) old.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (old.getAttribute(name) !== value && !keep.includes(name)) old.setAttribute(name, value);
  }
  const stuck = old.hasAttribute("data-stick") && old.scrollTop + old.clientHeight >= old.scrollHeight - 4;
  morphChildren(old, wanted);
  if (stuck) old.scrollTop = old.scrollHeight;
}
