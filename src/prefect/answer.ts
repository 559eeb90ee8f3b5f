import { gunzipSync } from "node:zlib"
import type { Dispatcher } from "undici"
import { httpDateMs } from "../core/instant.ts"
import { isJsonObject, type Json } from "../core/json.ts"
import { PrefectError } from "../lib/errors.ts"
import { parseJson } from "./json-text.ts"

/** The largest body that is read, before and after decompression. */
const bodyBytesMax = 64 * 1024 * 1024
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
export async function readAnswer(response: Dispatcher.ResponseData): Promise<Answer> {
  const { statusCode: status, headers } = response
  const text = decode(await readBody(response.body), headers["content-encoding"])
  return {
    status,
    body: text === "" ? null : parseBody(text, status),
    retryAfterMs: parseRetryAfter(headers["retry-after"]),
    serverMs: parseDate(headers["date"]),
  }
}

async function readBody(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw badAnswer(`it is larger than ${bodyBytesMax} bytes`, null)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function decode(bytes: Buffer, encoding: string | string[] | undefined): string {
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

function parseRetryAfter(header: string | string[] | undefined): number | null {
  const seconds = typeof header === "string" ? Number(header) : Number.NaN
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null
}

function parseDate(header: string | string[] | undefined): number | null {
  return typeof header === "string" ? httpDateMs(header) : null
}

/** Only Prefect's own 404 means "not there"; a proxy's means that nobody knows. */
export function notFound({ body }: Answer, route: string): null {
  if (body !== null) return null
  throw new PrefectError(`${route} answered 404 without Prefect's words: is the URL that of a Prefect API?`, {
    kind: "transient",
    code: "bad-answer",
    status: 404,
  })
}
