// SPDX-License-Identifier: Apache-2.0
// HTML of a text panel, as far as it only formats: what is not listed here is left out, its text stays.

const KEPT = new Set(["A", "B", "BR", "CODE", "DIV", "EM", "H1", "H2", "H3", "H4", "H5", "H6", "HR", "I", "LI", "OL", "P", "PRE", "SMALL", "SPAN", "STRONG", "SUB", "SUP",
  "TABLE", "TBODY", "TD", "TH", "THEAD", "TR", "U", "UL"]);
const DROPPED = new Set(["SCRIPT", "STYLE", "IFRAME", "OBJECT", "EMBED", "TEMPLATE", "SVG", "MATH", "NOSCRIPT"]);

function copied(from: Node, to: Node, page: Document): void {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.appendChild(page.createTextNode(node.textContent ?? ""));
    if (!(node instanceof Element) || DROPPED.has(node.tagName.toUpperCase())) continue;
    if (!KEPT.has(node.tagName)) {
      copied(node, to, page);
      continue;
    }
    const own = to.appendChild(page.createElement(node.tagName));
    const href = node.tagName === "A" ? node.getAttribute("href") : null;
    if (href && /^https?:$/.test(new URL(href, location.href).protocol)) own.setAttribute("href", href);
    copied(node, own, page);
  }
}

// The policy blocks handlers, but the browser complains of each that it reads.
const withoutHandlers = (html: string) => html.replace(/<[^>]*>/g, (tag) => tag.replace(/\son\w+\s*=/gi, " data-off="));

/** Nothing in it runs or is fetched: it is parsed aside and only what is known to be harmless is copied. */
export function harmless(html: string): string {
  const page = document.implementation.createHTMLDocument();
  copied(new DOMParser().parseFromString(withoutHandlers(html), "text/html").body, page.body, page);
  return page.body.innerHTML;
}
