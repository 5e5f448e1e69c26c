import type { Language } from "./phrases.ts";

/** A tenant of the demo: how it uses its chat. */
export type Organization = {
  /** null: rows that name no organization, as older applications write them. */
  id: number | null;
  /** Its part of all sessions. */
  share: number;
  widgets: readonly [number, ...number[]];
  languages: readonly [Language, ...Language[]];
  model: string | null;
  /** Whether its provider reports the tokens. */
  reportsTokens: boolean;
  /** exchange: question and answer in one row; streamed: the answer is written later; single: a row a message. */
  style: "exchange" | "streamed" | "single";
  /** Usual seconds until an answer. */
  responseSeconds: number;
};

/** A shop, a hotel, a clinic, a software company, a small shop, and a site without organizations. */
export const ORGANIZATIONS: readonly [Organization, ...Organization[]] = [
  {
    id: 1,
    share: 0.34,
    widgets: [11, 12],
    languages: ["english", "english", "spanish"],
    model: "gpt-4o-mini",
    reportsTokens: false,
    style: "exchange",
    responseSeconds: 2.1,
  },
  {
    id: 2,
    share: 0.22,
    widgets: [21],
    languages: ["german", "german", "english"],
    model: "gpt-5.1",
    reportsTokens: true,
    style: "streamed",
    responseSeconds: 3.4,
  },
  {
    id: 3,
    share: 0.17,
    widgets: [31, 32, 33],
    languages: ["english"],
    model: "claude-sonnet-4-5",
    reportsTokens: true,
    style: "exchange",
    responseSeconds: 2.8,
  },
  {
    id: 4,
    share: 0.13,
    widgets: [41],
    languages: ["french", "french", "portuguese"],
    model: "gpt-4o-mini",
    reportsTokens: false,
    style: "single",
    responseSeconds: 4.6,
  },
  {
    id: 5,
    share: 0.11,
    widgets: [51],
    languages: ["japanese"],
    model: "gpt-4o",
    reportsTokens: false,
    style: "exchange",
    responseSeconds: 1.7,
  },
  {
    id: null,
    share: 0.03,
    widgets: [61],
    languages: ["english", "portuguese"],
    model: null,
    reportsTokens: false,
    style: "exchange",
    responseSeconds: 2.4,
  },
];
