import { gunzipSync } from "node:zlib"
import { isJsonObject, type Json } from "../core/json.ts"
import { PrefectError } from "../lib/errors.ts"
import { headerOf, httpDateMs, waitOf } from "../lib/http/hints.ts"
import type { HttpAnswer } from "../lib/http/http.ts"
import { parseJson } from "./json-text.ts"

/** The largest body that is read, before and after decompression. */
export const bodyBytesMax = 64 * 1024 * 1024
/** Far more than is shown: whoever shows them masks them first, and cuts them then. */
const wordsMax = 1024 * 1024

export interface Answer {
  readonly status: number
  /** null where there is no body (204). */
  readonly body: Json
  readonly retryAfterMs: number | null
  /** The server's clock, from its Date header; null when it sent none. */
  readonly serverMs: number | null
}

/** Reads an answer whole. @throws PrefectError `bad-answer` for anything that isn't JSON, or too much of it. */
export function readAnswer({ status, headers, body, isWhole }: HttpAnswer, nowMs: number): Answer {
  if (!isWhole && status < 400) throw badAnswer(`it is larger than ${bodyBytesMax} bytes`, status)
  const text = decode(body, headerOf(headers, "content-encoding"))
  return {
    status,
    body: text === "" ? null : parseBody(text, status),
    retryAfterMs: waitOf(headers, nowMs),
    serverMs: httpDateMs(headerOf(headers, "date") ?? ""),
  }
}

function decode(bytes: Buffer, encoding: string | null): string {
  if (encoding !== "gzip") return bytes.toString("utf8")
  try {
    return gunzipSync(bytes, { maxOutputLength: bodyBytesMax }).toString("utf8")
  } catch (error) {
    throw badAnswer("its compression is broken, or it is too large", null, error)
  }
}

/** An error page of a proxy is no JSON; its status says enough then. */
function parseBody(text: string, status: number): Json {
  try {
    return parseJson(text)
  } catch (error) {
    if (status >= 400) return null
    throw badAnswer("it isn't JSON: is the URL that of a Prefect API (…/api)?", status, error)
  }
}

function badAnswer(why: string, status: number | null, cause?: unknown): PrefectError {
  return new PrefectError(`Prefect's answer can't be used: ${why}`, {
    kind: "transient",
    code: "bad-answer",
    status,
    cause,
  })
}

/**
 * The server's own words about an error, not masked yet. Only the parts meant for people: a 422 also echoes the whole request
 * (`request_body`), secrets included.
 */
export function wordsOf(body: Json): string | null {
  if (!isJsonObject(body)) return null
  const { detail, exception_message: message, exception_detail: details } = body
  const parts = [detail, message, details].flatMap((part) => words(part))
  const text = [...new Set(parts)].join("; ")
  return text === "" ? null : text.length > wordsMax ? `${text.slice(0, wordsMax - 1)}…` : text
}

function words(part: Json | undefined): readonly string[] {
  if (typeof part === "string") return [part]
  if (!Array.isArray(part)) return []
  return part.flatMap((item: Json) => {
    if (!isJsonObject(item) || typeof item["msg"] !== "string") return typeof item === "string" ? [item] : []
    const place = Array.isArray(item["loc"]) ? item["loc"].filter((step: Json) => step !== "body").join(".") : ""
    return [place ? `${place}: ${item["msg"]}` : item["msg"]]
  })
}

/** Only Prefect's own 404 means "not there"; a proxy's means that nobody knows. */
export function notFound({ body }: Answer, route: string): null {
  if (isOwnWord(body)) return null
  throw new PrefectError(`${route} answered 404 without Prefect's words: is the URL that of a Prefect API?`, {
    kind: "transient",
    code: "bad-answer",
    status: 404,
  })
}

/** "Not Found" is what any server of that make says where it has no such route. */
function isOwnWord(body: Json): boolean {
  if (!isJsonObject(body)) return false
  const { detail, exception_message: message } = body
  return typeof message === "string" || (typeof detail === "string" && detail !== "Not Found")
}
