import type { JsonObject } from "../core/json.ts"
import { PrefectError } from "../lib/errors.ts"
import type { Transport } from "./transport.ts"
import { read, wire, type WireDeployment } from "./wire.ts"

/** While a page is made the server serves nobody else: 50 rows block others for 155 ms, 200 for 750 ms. */
const pageRows = 50
const listingsMax = 3
const pagesMax = 2_000

/**
 * All deployments that a filter matches. Offsets move when rows come and go meanwhile, so the result is de-duplicated
 * and counted; one that doesn't add up is listed again, and fails in the end: there is no partial listing.
 */
export async function listDeployments(
  transport: Transport,
  filter: JsonObject,
  signal: AbortSignal,
): Promise<readonly WireDeployment[]> {
  for (let listing = 0; listing < listingsMax; listing++) {
    const found = await listOnce(transport, filter, signal)
    if (found.size < pageRows || found.size === (await countDeployments(transport, filter, signal)))
      return [...found.values()]
  }
  throw new PrefectError("the deployments changed while they were listed, three times in a row", {
    kind: "transient",
    code: "listing-unstable",
    status: null,
  })
}

export async function countDeployments(transport: Transport, filter: JsonObject, signal: AbortSignal): Promise<number> {
  const call = { method: "POST", path: "/deployments/count", intent: "read", body: filter } as const
  return read(wire.count, (await transport.call(call, signal)).body, call.path)
}

async function listOnce(
  transport: Transport,
  filter: JsonObject,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, WireDeployment>> {
  const found = new Map<string, WireDeployment>()
  for (let page = 0; page < pagesMax; page++) {
    // CREATED_DESC: names repeat across flows and have no fixed order among themselves.
    const body = { ...filter, sort: "CREATED_DESC", limit: pageRows, offset: page * pageRows }
    const call = { method: "POST", path: "/deployments/filter", intent: "read", body } as const
    const rows = read(wire.deployments, (await transport.call(call, signal)).body, call.path)
    for (const row of rows) found.set(row.id, row)
    if (rows.length < pageRows) return found
  }
  throw new PrefectError(`the workspace has more than ${pagesMax * pageRows} deployments to list`, {
    kind: "stalled",
    code: "listing-too-large",
    status: null,
  })
}
