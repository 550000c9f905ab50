// SPDX-License-Identifier: Apache-2.0
// Grafana's names of colours, and the series colours of this page: apart in hue and lightness, on light and dark.

const NAMED: Record<string, string> = {
  green: "#3fa45b", red: "#d9534f", yellow: "#d9a514", orange: "#e07b39", blue: "#3a7bd5", purple: "#8e6bbf", text: "var(--text)",
  transparent: "transparent",
  "dark-green": "#2b7a40", "dark-red": "#a8322e", "dark-yellow": "#a67c00", "dark-orange": "#b35617", "dark-blue": "#1f5fae", "dark-purple": "#6b4a9c",
  "light-green": "#7cc792", "light-red": "#eb8f8c", "light-yellow": "#f0cc66", "light-orange": "#f3aa7b", "light-blue": "#86b0ea", "light-purple": "#b79ddb",
  "semi-dark-green": "#348f4d", "semi-dark-red": "#c2413c", "semi-dark-yellow": "#c08f08", "semi-dark-orange": "#cc6826", "semi-dark-blue": "#2c6cc4",
  "super-light-green": "#b5e0c2", "super-light-red": "#f5c6c4", "super-light-yellow": "#f8e6b3", "super-light-orange": "#f9d4bc", "super-light-blue": "#c2d8f5",
};

const SERIES = ["#3a7bd5", "#e07b39", "#3fa45b", "#8e6bbf", "#d9a514", "#17a2a6", "#d9534f", "#b06c9b", "#6f8f2f", "#7a6a55",
                "#86b0ea", "#f3aa7b", "#7cc792", "#b79ddb", "#f0cc66", "#6fcfd1"];

export const color = (name: string | undefined, otherwise = "var(--text)") => name === undefined ? otherwise : NAMED[name] ?? name;

/** What a canvas can paint with; an unknown name would paint nothing. */
export const isColor = (name: string) => typeof CSS === "undefined" || CSS.supports("color", name);

// Text in a colour must be read on both themes' backgrounds: the style sheet has a tone of each hue for either.
const HUE = /(green|red|yellow|orange|blue|purple)$/;

/** The colour for text that Grafana's name of a colour stands for. */
export const textColor = (name: string | undefined, otherwise = "var(--text)"): string => {
  const hue = name?.match(HUE)?.[1];
  return hue ? `var(--${hue})` : color(name, otherwise);
};

/** The colour, so much of it opaque (0 to 1); as it is where it is none that can be read. */
export function withAlpha(name: string, part: number): string {
  if (/^#[0-9a-f]{6}$/i.test(name)) return `${name}${Math.round(part * 255).toString(16).padStart(2, "0")}`;
  if (/^#[0-9a-f]{3}$/i.test(name)) return withAlpha(name.replace(/[0-9a-f]/gi, "$&$&"), part);
  const numbers = name.match(/^rgba?\(([^)]+)\)$/i)?.[1].split(/[\s,/]+/).filter(Boolean);
  if (!numbers || numbers.length < 3) return name;
  const [red, green, blue, alpha = "1"] = numbers;
  return `rgba(${red}, ${green}, ${blue}, ${Number((parseFloat(alpha) * part).toFixed(3))})`;
}

/** Black or white: what is read better on a colour. */
export function inkOn(background: string): string {
  const channels = background.match(/^#(..)(..)(..)$/)?.slice(1).map((two) => Number.parseInt(two, 16) / 255);
  if (!channels) return "var(--text)";
  const [red, green, blue] = channels.map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#fff" : "#000";
}

/** A series whose name says how something ended has that meaning's colour wherever it is drawn. */
const MEANING: Record<string, string> = {
  ok: "#3fa45b", client_error: "#d9a514", server_error: "#d9534f", timeout: "#e07b39", cancelled: "#8e6bbf", unmarked: "#7a6a55",
};

export const seriesColor = (name: string, index: number) => MEANING[name] ?? SERIES[index % SERIES.length];
