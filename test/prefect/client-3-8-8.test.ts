import { openPrefect } from "../support/prefect/server.ts"
import { behaviours } from "./behaviours.ts"

await behaviours("3.8.8", await openPrefect("3.8.8"))
