import type { JsonObject } from "../core/json.ts"
import type { QueueIds, WorkPool } from "../core/model.ts"
import { PrefectError } from "../lib/errors.ts"
import { listAll } from "./paging.ts"
import type { Transport } from "./transport.ts"
import { read, wire, type WireQueue } from "./wire.ts"

const pageRows = 200
/** More would make the question larger than the answer. */
const namesMax = 100

export interface Pools {
  readonly pools: ReadonlyMap<string, WorkPool>
  readonly queues: QueueIds
}

/** Three requests, unless there are hundreds: the pools, all queues with the pools that they belong to, and a count. */
export async function listPools(transport: Transport, signal: AbortSignal): Promise<Pools> {
  const rows = await listAll(
    transport,
    {
      what: "work pools",
      path: "/work_pools/filter",
      countPath: "/work_pools/count",
      filter: {},
      pageRows,
      parse: (body, path) => read(wire.workPools, body, path),
    },
    signal,
  )
  const queues = await listQueues(transport, {}, signal)
  const pools = rows.map((pool): [string, WorkPool] => {
    const own = queues.filter((queue) => queue.work_pool_name === pool.name)
    const standard = own.find(({ id }) => id === pool.default_queue_id)
    // Nobody counts queues, but each pool has this one: without it the list is cut short.
    if (!standard && pool.default_queue_id) throw cutShort(pool.name)
    const names = new Set(own.map(({ name }) => name))
    return [pool.name, { name: pool.name, defaultQueue: standard?.name ?? null, queues: names }]
  })
  return { pools: new Map(pools), queues: idsOf(queues) }
}

/** The queues of these names in all pools; one request, unless there are hundreds of them. */
export async function queuesNamed(
  transport: Transport,
  names: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<QueueIds> {
  const filter = names.size > namesMax ? {} : { work_queues: { name: { any_: [...names] } } }
  return idsOf(await listQueues(transport, filter, signal))
}

function listQueues(transport: Transport, filter: JsonObject, signal: AbortSignal): Promise<readonly WireQueue[]> {
  return listAll(
    transport,
    {
      what: "work queues",
      path: "/work_queues/filter",
      countPath: null,
      filter,
      pageRows,
      parse: (body, path) => read(wire.workQueues, body, path),
    },
    signal,
  )
}

function idsOf(queues: readonly WireQueue[]): QueueIds {
  const pools = new Map<string, Map<string, string>>()
  for (const { id, name, work_pool_name: pool } of queues) {
    const own = pools.get(pool ?? "") ?? new Map<string, string>()
    pools.set(pool ?? "", own.set(name, id))
  }
  return pools
}

function cutShort(pool: string): PrefectError {
  const message = `Prefect's list of work queues lacks the default one of work pool "${pool}"`
  return new PrefectError(message, { kind: "transient", code: "listing-unstable", status: null })
}
