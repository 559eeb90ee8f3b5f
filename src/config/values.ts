import { isIP } from "node:net"
import { z } from "zod"
import { parseDuration, durationPattern } from "./duration.ts"

/** The single values of the config: each is one rule with the words that tell a person what to write instead. */

const nameRule = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

export const name = z
  .string()
  .max(63, "must be at most 63 characters long")
  .regex(nameRule, "must be lower-case letters and digits, in parts joined by single hyphens, such as `data-prod`")

export const commitRule = /^[0-9a-f]{40}$/

/** A duration between two bounds, in milliseconds. */
export function duration(minMs: number, maxMs: number, bounds: string) {
  return z
    .string()
    .meta({ pattern: durationPattern.source })
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== null && ms >= minMs && ms <= maxMs) return ms
      const message =
        ms === null ? "must be a duration such as 500ms, 90s, 5m, 1h30m or 1d" : `must be a duration ${bounds}`
      context.addIssue({ code: "custom", message })
      return z.NEVER
    })
}

const absoluteUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null)

/** Why a text is no URL of a Git repository that we can read; the text itself is never quoted, it may hold a secret. */
export function gitUrlProblem(text: string): string | null {
  if (/^ssh:|^git\+ssh:|^[^/:]+@[^/:]+:/.test(text))
    return "SSH isn't supported yet: use the repository's https:// URL, with `credentials`"
  return httpUrlProblem(text, "under `credentials`")
}

/** A registry's host as images are named by it; a URL or a path would silently match no image. */
export function registryHostProblem(text: string): string | null {
  if (text === "index.docker.io" || text === "registry-1.docker.io") return "must be `docker.io`, as in image names"
  if (/^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?$/.test(text)) return null
  return "must be a host in lower case, with a port where it has one, such as `ghcr.io` or `registry.example.com:5000`"
}

/** The same for a Prefect API. */
export function apiUrlProblem(text: string): string | null {
  return httpUrlProblem(text, "under `apiKey` or `authString`")
}

function httpUrlProblem(text: string, secretsBelong: string): string | null {
  const url = absoluteUrl(text)
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:"))
    return "must be an absolute https:// or http:// URL"
  if (url.username || url.password)
    return `must not contain a user or password: take them out of the URL and put a reference to them ${secretsBelong}`
  if (url.search || url.hash) return "must not contain a query or a fragment (no `?` and no `#`)"
  return null
}

/** What the config takes from the process's environment by itself; everything else there only by reference. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where a workspace is that gives no URL. */
export function defaultApiUrl(environment: Environment): string {
  const given = environment["PREFECT_API_URL"] ?? ""
  return given === "" ? "http://127.0.0.1:4200/api" : plainUrl(given)
}

/** Without slashes at the end, so that two spellings of one URL are equal. */
export function plainUrl(url: unknown): string {
  return typeof url === "string" ? url.replace(/\/+$/, "") : ""
}

/** A string that `problemOf` finds nothing wrong with. */
export function text(problemOf: (value: string) => string | null) {
  return z.string().superRefine((value, context) => {
    const message = problemOf(value)
    if (message !== null) context.addIssue({ code: "custom", message })
  })
}

/** Git's own rules for ref names (git-check-ref-format), as far as they protect against surprises. */
export function refProblem(value: string): string | null {
  if (value.startsWith("-") || value.startsWith("/") || value.endsWith("/") || value.endsWith(".lock"))
    return "is no valid Git ref"
  // oxlint-disable-next-line no-control-regex -- Git refuses exactly these
  if (value === "" || /[\u0000-\u0020~^:?*[\\\u007f]|\.\.|@\{|\/\//.test(value)) return "is no valid Git ref"
  return null
}

/** Globs and paths are compared with paths as Git has them: relative to the root, `/`-separated. */
export function pathProblem(value: string): string | null {
  if (value === "") return "must not be empty"
  if (value.startsWith("/") || value.startsWith("./"))
    return "must be relative to the repository's root, without a leading `/` or `./`"
  if (value.split("/").includes("..")) return "must not contain `..`"
  return value.includes("\\") ? "must use `/` between folders" : null
}

export function keyPatternProblem(value: string): string | null {
  return /^[^/]+\/[^/]+$/.test(value) ? null : "must be `flow/deployment`, such as `etl-*/prod-*`"
}

/** `host:port`, IPv6 in brackets. */
export function parseListen(value: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(value)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535) return null
  if (match?.[1] !== undefined && isIP(match[1]) !== 6) return null
  return { host, port }
}

/** What YAML can say and JSON can't: Prefect would store `.nan` and `.inf` as null. */
export function isFiniteJson(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value === "object" && value !== null) return Object.values(value).every((item) => isFiniteJson(item))
  return true
}
