import { behaviours } from "./behaviours.ts"

await behaviours("3.2.0")
