import { leasePrefect } from "../support/prefect/pool.ts"
import { behaviours } from "./behaviours.ts"

await behaviours("3.2.0", await leasePrefect("3.2.0"))
