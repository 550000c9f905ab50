// SPDX-License-Identifier: Apache-2.0
// The address of the page is its whole state: copying the link copies the view. Dashboards are at /d/<uid>?from=&to=&var-x=,
// as in Grafana, so that the links of the shipped dashboards work in both.
import {useEffect, useState} from "preact/hooks";

export interface Route { path: string; parameters: URLSearchParams }

const CHANGED = "tocsin-route";
const current = (): Route => ({path: location.pathname, parameters: new URLSearchParams(location.search)});

export function navigate(path: string, replace = false): void {
  const target = new URL(path, location.href);
  if (target.origin !== location.origin) {
    location.href = target.href;
    return;
  }
  if (target.pathname + target.search === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", target.pathname + target.search);
  dispatchEvent(new Event(CHANGED));
}

/** The present path with some parameters changed; null takes one away. */
export function withParameters(changes: Record<string, string | string[] | null>, path = location.pathname): string {
  const parameters = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    parameters.delete(name);
    if (value !== null) for (const one of [value].flat()) parameters.append(name, one);
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/** Another page's address with the present time range, where it says none itself. */
export function withRange(path: string): string {
  if (!path.startsWith("/")) return path;
  const target = new URL(path, location.href);
  const here = new URLSearchParams(location.search);
  if (!target.searchParams.has("from")) {
    for (const name of ["from", "to", "refresh"]) if (here.has(name)) target.searchParams.set(name, here.get(name)!);
  }
  return target.pathname + target.search + target.hash;
}

export const explorePath = (expr: string) => withRange(`/explore?expr=${encodeURIComponent(expr)}`);

export const setParameters = (changes: Record<string, string | string[] | null>, replace = false) =>
  navigate(withParameters(changes), replace);

export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const update = () => setRoute(current());
    const follow = (event: MouseEvent) => {
      const link = (event.target as Element).closest?.("a[href]") as HTMLAnchorElement | null;
      const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.defaultPrevented;
      if (!link || !plain || link.target || link.origin !== location.origin || isFile(link.pathname)) return;
      event.preventDefault();
      navigate(link.href);
    };
    addEventListener("popstate", update);
    addEventListener(CHANGED, update);
    addEventListener("click", follow);
    return () => {
      removeEventListener("popstate", update);
      removeEventListener(CHANGED, update);
      removeEventListener("click", follow);
    };
  }, []);
  return route;
}

// What the agent answers itself, rather than this page.
const isFile = (path: string) => /^\/(metrics|api|-|dashboards\/.*\.json)(\/|$|\?)/.test(path);
