import { z } from "zod";
import { optional, readEnvironment } from "../config.ts";

/** A token for the reading endpoints: of one organization (null: rows without one), or of all. */
export type ApiToken = { secret: string; organization: string | null | undefined };

const LEAST_SECRET = 16;

const secret = z.string().min(LEAST_SECRET, { error: `must have at least ${LEAST_SECRET} characters` });

const tokens = z.string().transform((text, context): ApiToken[] =>
  listed(text).map((entry) => {
    const at = entry.indexOf("=");
    const organization = entry.slice(0, at).trim();
    const checked = secret.safeParse(entry.slice(at + 1).trim());
    // Without what was given: it may be a secret.
    if (at < 1 || !checked.success) {
      context.addIssue(`must look like 7=secret,8=secret, with secrets of at least ${LEAST_SECRET} characters`);
      return z.NEVER;
    }
    return { secret: checked.data, organization: organizationOf(organization) };
  }),
);

function organizationOf(text: string): string | null | undefined {
  if (text === "*") return undefined;
  return text === "none" ? null : text;
}

const origins = z.string().transform((text, context) =>
  listed(text).map((origin) => {
    if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
    context.addIssue("must be origins, as in https://shop.example,https://www.shop.example");
    return z.NEVER;
  }),
);

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const environment = z.object({
  PORT: optional(whole(0, 65_535).optional()),
  HOST: optional(z.string().default("127.0.0.1")),
  API_TOKEN: optional(secret.optional()),
  API_TOKENS: optional(tokens.default([])),
  WIDGET_ORIGINS: optional(origins.default([])),
  TRUST_PROXY: optional(whole(0, 10).default(0)),
  RATE_LIMIT_PER_IP: optional(whole(1, 1_000_000).default(60)),
  RATE_LIMIT_PER_WIDGET: optional(whole(1, 1_000_000).default(600)),
  OPENAI_API_KEY: optional(z.string().optional()),
  OPENAI_BASE_URL: optional(z.url({ protocol: /^https?$/ }).optional()),
  OPENAI_MODEL: optional(z.string().default("gpt-4o-mini")),
  CHAT_SYSTEM_PROMPT: optional(z.string().default("You are a helpful assistant.")),
  CHAT_HISTORY: optional(whole(0, 200).default(20)),
  CHAT_TIMEOUT_SECONDS: optional(whole(1, 600).default(30)),
});

/** What createApp() is told of its surroundings; {@link loadHttpSettings} reads it from the environment. */
export type AppSettings = {
  tokens: ApiToken[];
  /** Browser origins that may post, beside pages of our own. */
  widgetOrigins: string[];
  /** How many proxies in front of us to believe about the caller's address. */
  trustProxy: number;
  /** Posts a minute. */
  limits: { perIp: number; perWidget: number };
  chat: { systemPrompt: string; historyRows: number };
};

/** The HTTP API's settings: {@link AppSettings}, where to listen, and who answers. */
export type HttpSettings = {
  /** The port to listen on; undefined: the first free one from 3000. */
  port: number | undefined;
  host: string;
  app: AppSettings;
  /** Undefined: the built-in responder answers. */
  service: { apiKey: string; baseUrl: string | undefined; model: string; timeoutMs: number } | undefined;
};

/** Reads the HTTP API's settings from the environment; a wrong value is a UserError that names its variable. */
export function loadHttpSettings(env: Record<string, string | undefined> = process.env): HttpSettings {
  const read = readEnvironment(environment, env);
  const all = read.API_TOKEN === undefined ? [] : [{ secret: read.API_TOKEN, organization: undefined }];
  return {
    port: read.PORT,
    host: read.HOST,
    app: {
      tokens: [...all, ...read.API_TOKENS],
      widgetOrigins: read.WIDGET_ORIGINS,
      trustProxy: read.TRUST_PROXY,
      limits: { perIp: read.RATE_LIMIT_PER_IP, perWidget: read.RATE_LIMIT_PER_WIDGET },
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
