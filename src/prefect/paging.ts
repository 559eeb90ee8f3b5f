import type { Json, JsonObject } from "../core/json.ts"
import { PrefectError } from "../lib/errors.ts"
import type { Transport } from "./transport.ts"
import { read, wire } from "./wire.ts"

const listingsMax = 3
const pagesMax = 2_000

/** One kind of thing that a server lists in pages. */
export interface Listing<T> {
  /** As people call them. */
  readonly what: string
  readonly path: string
  /** Says how many there are; null = this server counts them nowhere. */
  readonly countPath: string | null
  readonly filter: JsonObject
  readonly sort?: string
  /** While a page is made the server serves nobody else: 50 deployments block others for 155 ms, 200 for 750 ms. */
  readonly pageRows: number
  readonly parse: (body: Json, path: string) => readonly T[]
}

/**
 * All that a filter matches. Offsets move when rows come and go meanwhile, and a page may come back shorter than what is
 * there: a listing that the count doesn't confirm, before it and after it, is made again, and fails in the end. There is no
 * partial listing.
 */
export async function listAll<T extends { readonly id: string }>(
  transport: Transport,
  listing: Listing<T>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  for (let tries = 0; tries < listingsMax; tries++) {
    const rows = await confirmed(transport, listing, signal)
    if (rows !== null) return rows
  }
  throw new PrefectError(`the ${listing.what} changed while they were listed, ${listingsMax} times in a row`, {
    kind: "transient",
    code: "listing-unstable",
    status: null,
  })
}

export async function countRows(
  transport: Transport,
  { path, filter }: { readonly path: string; readonly filter: JsonObject },
  signal: AbortSignal,
): Promise<number> {
  const call = { method: "POST", path, intent: "read", body: filter } as const
  return read(wire.count, (await transport.call(call, signal)).body, path)
}

/** null = it doesn't add up. */
async function confirmed<T extends { readonly id: string }>(
  transport: Transport,
  listing: Listing<T>,
  signal: AbortSignal,
): Promise<readonly T[] | null> {
  const { countPath: path, filter, pageRows } = listing
  const count = async (): Promise<number | null> =>
    path === null ? null : countRows(transport, { path, filter }, signal)
  const before = await count()
  const found = new Map<string, T>()
  let total = 0
  for (let page = 0; page < pagesMax; page++) {
    const rows = await pageOf(transport, listing, page, signal)
    for (const row of rows) found.set(row.id, row)
    total += rows.length
    if (total > found.size) return null
    if (rows.length < pageRows) {
      // One page is of one moment; several are of one only if nothing came or went between the first and the last.
      const after = page === 0 ? before : await count()
      const isWhole = before === null || (before === found.size && after === before)
      return isWhole ? [...found.values()] : null
    }
  }
  throw new PrefectError(`the workspace has more than ${pagesMax * pageRows} ${listing.what} to list`, {
    kind: "stalled",
    code: "listing-too-large",
    status: null,
  })
}

async function pageOf<T>(
  transport: Transport,
  { path, filter, sort, pageRows, parse }: Listing<T>,
  page: number,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const body = { ...filter, ...(sort && { sort }), limit: pageRows, offset: page * pageRows }
  const call = { method: "POST", path, intent: "read", body } as const
  return parse((await transport.call(call, signal)).body, path)
}
