import type { WorkPool } from "../core/model.ts"
import { PrefectError } from "../lib/errors.ts"
import { listAll } from "./paging.ts"
import type { Transport } from "./transport.ts"
import { read, wire } from "./wire.ts"

const pageRows = 200

/** Three requests, unless there are hundreds: the pools, all queues with the pools that they belong to, and a count. */
export async function listPools(transport: Transport, signal: AbortSignal): Promise<ReadonlyMap<string, WorkPool>> {
  const pools = await listAll(
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
  const queues = await listAll(
    transport,
    {
      what: "work queues",
      path: "/work_queues/filter",
      countPath: null,
      filter: {},
      pageRows,
      parse: (body, path) => read(wire.workQueues, body, path),
    },
    signal,
  )
  return new Map(
    pools.map((pool) => {
      const own = queues.filter((queue) => queue.work_pool_name === pool.name)
      const standard = own.find(({ id }) => id === pool.default_queue_id)
      // Nobody counts queues, but each pool has this one: without it the list is cut short.
      if (!standard && pool.default_queue_id) throw cutShort(pool.name)
      return [
        pool.name,
        { name: pool.name, defaultQueue: standard?.name ?? null, queues: new Set(own.map(({ name }) => name)) },
      ]
    }),
  )
}

function cutShort(pool: string): PrefectError {
  const message = `Prefect's list of work queues lacks the default one of work pool "${pool}"`
  return new PrefectError(message, { kind: "transient", code: "listing-unstable", status: null })
}
