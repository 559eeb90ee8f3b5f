import t from "tap"
import { refusedPieces, takenPieces } from "./pieces.ts"
import { read } from "./read.ts"

await t.test("what CPython's compiler refuses is refused", (t) => {
  for (const piece of refusedPieces) t.type(read(`${piece}\n`).error, "string", piece)
  t.end()
})

await t.test("what is near to it, and what it takes, is taken", (t) => {
  for (const piece of takenPieces) t.equal(read(`${piece}\n`).error, null, piece)
  t.end()
})
