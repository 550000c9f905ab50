// SPDX-License-Identifier: Apache-2.0
// What opens over the page closes on Esc and on a click elsewhere.
import {useLayoutEffect} from "preact/hooks";

export function useDismiss(box: {current: HTMLElement | null}, open: boolean, close: () => void): void {
  // Not after the next picture: a key may come before it.
  useLayoutEffect(() => {
    if (!open) return;
    const leave = (event: Event) => { if (!box.current?.contains(event.target as Node)) close(); };
    // Before the page's own keys: Esc closes what is open, and nothing else.
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      if (box.current?.contains(document.activeElement)) box.current.querySelector<HTMLElement>("button, summary")?.focus();
      close();
    };
    addEventListener("pointerdown", leave);
    addEventListener("keydown", escape, {capture: true});
    return () => {
      removeEventListener("pointerdown", leave);
      removeEventListener("keydown", escape, {capture: true});
    };
  }, [open]);
}
