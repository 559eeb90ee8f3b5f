import { leasePrefect } from "../support/prefect/pool.ts"
import { behaviours } from "./behaviours.ts"

await behaviours("3.8.8", await leasePrefect("3.8.8"))
