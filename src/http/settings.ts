import { z } from "zod";
import { oneOf, optional, readEnvironment, whole } from "../config.ts";
import type { Limits } from "./limits.ts";

const origins = z.string().transform((text, context) =>
  listed(text).map((origin) => {
    if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
    context.addIssue("must be origins, as in https://shop.example,https://www.shop.example");
    return z.NEVER;
  }),
);

const environment = z.object({
  PORT: optional(whole(0, 65_535).optional()),
  HOST: optional(z.string().default("127.0.0.1")),
  LOCAL_ACCESS: optional(oneOf(["on", "off"]).optional()),
  WIDGET_ORIGINS: optional(origins.default([])),
  TRUST_PROXY: optional(whole(0, 10).default(0)),
  RATE_LIMIT_PER_IP: optional(whole(1, 1_000_000).default(60)),
  RATE_LIMIT_PER_WIDGET: optional(whole(1, 1_000_000).default(600)),
  RATE_LIMIT_PER_KEY: optional(whole(1, 1_000_000).default(600)),
  RATE_LIMIT_READS: optional(whole(1, 1_000_000).default(600)),
  STOP_DELAY_SECONDS: optional(whole(0, 300).default(0)),
  OPENAI_API_KEY: optional(z.string().optional()),
  OPENAI_BASE_URL: optional(
    z.url({ protocol: /^https?$/, error: "must look like https://api.openai.com/v1" }).optional(),
  ),
  OPENAI_MODEL: optional(z.string().default("gpt-4o-mini")),
  CHAT_SYSTEM_PROMPT: optional(z.string().default("You are a helpful assistant.")),
  CHAT_HISTORY: optional(whole(0, 200).default(20)),
  CHAT_TIMEOUT_SECONDS: optional(whole(1, 600).default(30)),
});

/** What createApp() is told of its surroundings; {@link loadHttpSettings} reads it from the environment. */
export type AppSettings = {
  /** Whether whoever is on this machine may do everything without a key. */
  localAccess: boolean;
  /** Browser origins that may post, beside pages of our own. */
  widgetOrigins: string[];
  /** How many proxies in front of us to believe about the caller's address. */
  trustProxy: number;
  limits: Limits;
  chat: { systemPrompt: string; historyRows: number };
};

/** The HTTP API's settings: {@link AppSettings}, where to listen, and who answers. */
export type HttpSettings = {
  /** The port to listen on; undefined: the first free one from 3000. */
  port: number | undefined;
  host: string;
  /** How long to go on as before when told to stop, but for saying so: until who sends the requests has noticed. */
  stopDelayMs: number;
  app: AppSettings;
  /** Undefined: the built-in responder answers. */
  service: { apiKey: string; baseUrl: string | undefined; model: string; timeoutMs: number } | undefined;
};

/**
 * Reads the HTTP API's settings from the environment; a wrong value is a UserError that names its variable.
 * `localAccess` is what LOCAL_ACCESS is unless it is set.
 */
export function loadHttpSettings(
  env: Record<string, string | undefined> = process.env,
  { localAccess = false } = {},
): HttpSettings {
  const read = readEnvironment(environment, env);
  return {
    port: read.PORT,
    host: read.HOST,
    stopDelayMs: read.STOP_DELAY_SECONDS * 1000,
    app: {
      localAccess: read.LOCAL_ACCESS === undefined ? localAccess : read.LOCAL_ACCESS === "on",
      widgetOrigins: read.WIDGET_ORIGINS,
      trustProxy: read.TRUST_PROXY,
      limits: {
        perIp: read.RATE_LIMIT_PER_IP,
        perWidget: read.RATE_LIMIT_PER_WIDGET,
        perKey: read.RATE_LIMIT_PER_KEY,
        reads: read.RATE_LIMIT_READS,
      },
      chat: { systemPrompt: read.CHAT_SYSTEM_PROMPT, historyRows: read.CHAT_HISTORY },
    },
    service:
      read.OPENAI_API_KEY === undefined
        ? undefined
        : {
            apiKey: read.OPENAI_API_KEY,
            baseUrl: read.OPENAI_BASE_URL,
            model: read.OPENAI_MODEL,
            timeoutMs: read.CHAT_TIMEOUT_SECONDS * 1000,
          },
  };
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
