import { behaviours } from "./behaviours.ts"

await behaviours("3.8.8")
