// SPDX-License-Identifier: Apache-2.0
// The Markdown of our own runbooks and descriptions as HTML. Every character of the text is escaped first.
import {marked} from "marked";

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

marked.use({
  renderer: {
    html: ({text}) => escaped(text),
    image: ({text}) => escaped(text),
    link({href, tokens}) {
      const safe = /^(https?:\/\/|\/|#|\.{0,2}[\w-])/.test(href) && !/^\w+:(?!\/\/)/.test(href);
      const inner = this.parser.parseInline(tokens);
      return safe ? `<a href="${escaped(href)}">${inner}</a>` : inner;
    },
  },
});

export const markdown = (text: string): string => marked.parse(text, {async: false});
