import t from "tap"
import { openPostgres } from "../support/prefect/postgres.ts"
import { openPrefect } from "../support/prefect/server.ts"
import { behaviours } from "./behaviours.ts"

/** The same on PostgreSQL, where servers with more than a few users are. */

const postgres = await openPostgres()
t.teardown(() => postgres[Symbol.asyncDispose]())
await behaviours("3.8.8", await openPrefect("3.8.8", { database: postgres }))
