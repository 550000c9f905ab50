// SPDX-License-Identifier: Apache-2.0
// Icons as paths, so that they look alike whatever fonts a machine has.

const PATHS = {
  info: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 7v4.5M8 4.6v.3",
  expand: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.2 2.8 9 7M2.8 13.2 7 9",
  link: "M6 3.5H3v9.5h9.5v-3M9 2.5h4.5V7M13.2 2.8 7.5 8.5",
  earlier: "M10 3 5 8l5 5", later: "M6 3l5 5-5 5",
  out: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.2 10.2l3.6 3.6M5 7h4",
  refresh: "M13.2 8a5.2 5.2 0 1 1-1.6-3.8M12.8 1.6v3H9.8",
  clock: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.5V8l2.5 1.6",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.1 1.1M11.9 11.9 13 13M13 3l-1.1 1.1M4.1 11.9 3 13",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z",
  down: "M4 6.5l4 4 4-4", right: "M6.5 4l4 4-4 4", warning: "M8 2 1.5 13.5h13zM8 6.5v3.5M8 11.8v.2",
};

export function Icon({name}: {name: keyof typeof PATHS}) {
  return <svg class="icon-shape" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d={PATHS[name]} fill="none" stroke="currentColor"
    stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" /></svg>;
}
