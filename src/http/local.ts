import type { Request } from "express";

const LOOPBACK = /^(127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/;
const LOCAL_NAMES = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/** Whether a request is from this machine: not through a proxy on it, and not by a name that somebody's page made point here. */
export function isLocal(req: Request): boolean {
  return (
    LOOPBACK.test(req.socket.remoteAddress ?? "") &&
    LOCAL_NAMES.test(req.get("host") ?? "") &&
    !FORWARDED.some((header) => req.get(header) !== undefined)
  );
}
