import { openPrefect } from "../support/prefect/server.ts"
import { behaviours } from "./behaviours.ts"

await behaviours("3.2.0", await openPrefect("3.2.0"))
