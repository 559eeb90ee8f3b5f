import { isUtf8 } from "node:buffer"
import { headerOf, type Headers } from "./hints.ts"

/** What is left of a page is title and prose; more of it isn't looked through. */
const pageCharsMax = 64 * 1024

/** One line without control characters. Not cut: secrets must be taken out before that. */
export function oneLine(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, " ").trim()
}

interface Said {
  readonly headers: Headers
  readonly body: Buffer
  readonly isWhole: boolean
}

/**
 * Why a host refuses, in its own words and without the secrets that it may repeat; null when it has none. Some say it in
 * headers only (Azure DevOps, Bitbucket, GitHub's single sign-on), some in JSON, as text, or as a page.
 */
export function refusalWords({ headers, body, isWhole }: Said, mask: (text: string) => string): string | null {
  const said = [
    decoded(headerOf(headers, "x-tfs-serviceerror")),
    headerOf(headers, "x-authentication-denied-reason"),
    headerOf(headers, "x-github-sso"),
    bodyWords(headerOf(headers, "content-type") ?? "", body),
  ]
  const words = said.map((text) => oneLine(text ?? "")).filter((text) => text !== "")
  const text = [...new Set(words)].join("; ")
  const masked = mask(text)
  // Where the body was cut half a secret may stand, which nobody can find any more.
  return text === "" || (!isWhole && masked !== text) ? null : masked
}

function bodyWords(type: string, body: Buffer): string | null {
  if (body.length === 0 || !(isUtf8(body) || /^text\//i.test(type))) return null
  const text = body.toString("utf8")
  if (/html/i.test(type) || /^\s*<(?:!doctype|html)/i.test(text)) return pageWords(text.slice(0, pageCharsMax))
  if (/json/i.test(type) || /^\s*\{/.test(text)) return jsonWords(text)
  return /^text\/|^$/i.test(type) ? text : null
}

/** The title; without one, the prose. */
function pageWords(page: string): string {
  const title = /<title[^<>]*>([^<]*)/i.exec(page)?.[1] ?? ""
  const prose = page.replace(/<(script|style)\b[^]*?(?:<\/\1>|$)/gi, " ").replace(/<[^>]*(?:>|$)/g, " ")
  return unescaped(title.trim() === "" ? prose : title)
}

function jsonWords(text: string): string | null {
  try {
    return [...sentences(JSON.parse(text), 0)].join("; ")
  } catch {
    return null
  }
}

const telling = ["message", "error_description", "error", "detail", "msg", "reason", "errors"]

/** The values under the keys that hosts put their reasons under. */
function* sentences(value: unknown, depth: number): Generator<string> {
  if (typeof value === "string") yield value
  if (typeof value !== "object" || value === null || depth > 3) return
  if (Array.isArray(value)) for (const item of value.slice(0, 5)) yield* sentences(item, depth + 1)
  else
    for (const key of telling)
      if (Object.hasOwn(value, key)) yield* sentences((value as Record<string, unknown>)[key], depth + 1)
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " }

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|(\w{1,8}));/gi, (whole, decimal, hex, name) => {
    const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex as string, 16) : null
    if (code === null) return entities[String(name).toLowerCase()] ?? whole
    return code > 0 && code < 0x10_ff_ff ? String.fromCodePoint(code) : " "
  })
}

/** Azure DevOps writes its reason as in a URL. */
function decoded(text: string | null): string | null {
  if (text === null) return null
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return text
  }
}
