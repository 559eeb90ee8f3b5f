import type { Case } from "./cases.ts"

const header = "from prefect import flow\n"

/** Ways to bind `A` anew without naming it. */
const unseen = String.raw`
g = globals(); g["A"] = 2
globals().update(A=2)
globals().__ior__({"A": 2})
globals() ["A"] = 2
g = globals(); g |= {"A": 2}
dict.update(globals(), A=2)
import operator; operator.setitem(globals(), "A", 2)
for globals()["A"] in [2]: pass
(lambda: globals())()["A"] = 2
[g := globals(), g.update(A=2)]
ｇｌｏｂａｌｓ()["A"] = 2
vars()["A"] = 2
v = vars(); v["A"] = 2
locals()["A"] = 2
locals().update(A=2)
exec("A = 2")
e = exec; e("A = 2")
eval("(A := 2)")
import builtins; builtins.exec("A = 2")
import builtins as b; b.globals()["A"] = 2
from builtins import exec as e; e("A = 2")
import builtins; getattr(builtins, "ex" + "ec")("A = 2")
(__builtins__["exec"] if isinstance(__builtins__, dict) else __builtins__.exec)("A = 2")
from sys import modules; modules[__name__].A = 2
import sys; sys.modules[__name__].A = 2
import sys as s; s.modules[__name__].A = 2
import sys; sys.modules.get(__name__).A = 2
import sys; m = sys.modules[__name__]; m.A = 2
import sys; setattr(sys.modules[__name__], "A", 2)
import sys; vars(sys.modules[__name__])["A"] = 2
import sys; sys.modules[__name__].__dict__["A"] = 2
import importlib; importlib.import_module(__name__).A = 2
from importlib import import_module as im; im(__name__).A = 2
__import__(__name__).A = 2
object.__setattr__(__import__("sys").modules[__name__], "A", 2)
import sys; sys._getframe().f_globals["A"] = 2
import sys; sys._getframe().f_locals["A"] = 2
import inspect; inspect.currentframe().f_globals["A"] = 2
import inspect; inspect.getmodule(lambda: 0).A = 2
(lambda: 0).__globals__["A"] = 2
getattr(lambda: 0, "__globals__")["A"] = 2
import code; code.InteractiveInterpreter(globals()).runcode("A = 2")
`
  .trim()
  .split("\n")

/** What looks like one of these and binds nothing. */
const quiet = String.raw`
B = globals().get("A")
B = "A" in globals()
print(globals(), file=__import__("io").StringIO())
B = "%(A)s" % locals()
B = dict(**globals())
import argparse; B = dict(**vars(argparse.Namespace(a=1)))
import argparse; B = vars(argparse.Namespace(a=1))["a"]
import sys; B = "json" in sys.modules
import importlib; B = importlib.import_module("json")
import ast; B = ast.literal_eval("1")
class M: eval = exec = lambda self, *a: None; modules = dict
M().eval(); M().modules()
B = "globals()['A'] = 2"  # exec("A = 2")
"""sys.modules[__name__].A = 2"""
`
  .trim()
  .split("\n")

/** Values that other code changes or binds before the flow is made: what is decided must be what they are then. */
export const changed: readonly Case[] = [
  ...[
    ["a second name", 'A = {"a": 1}\nB = A\nB["a"] = 5'],
    ["a second name in a function", 'A = {"a": 1}\ndef f():\n    o = A\n    o.update(a=2)\nf()'],
    ["`+=` through a second name", "A = [1]\nB = A\nB += [2]"],
    ["`|=` through a second name", "A = {1}\nB = A\nB |= {2}"],
    ["a part of another", 'A = [1]\nB = {"k": A}\nC = B["k"]\nC.append(2)'],
    ["an item of a sum", "A = [[1]]\nB = A + []\nB[0].append(2)"],
    ["an item of a comprehension", "A = [[1]]\nB = [a for a in A]\nB[0].append(2)"],
    ["a loop over a list of it", "A = {'n': 1}\nALL = [A]\nfor c in ALL: c['n'] = 9"],
    ["a call that gets a list of it", "A = [1]\ndef go(w): w.append(2)\nW = (A,)\ngo(W[0])"],
    ["the method of its class", "A = [1]\ndef f(): list.append(A, 2)\nf()"],
    ["a name of the same letters in full width", "ab = [1]\ndef g(x): x.append(2)\ng(ａb)\nA = ab"],
    ["a special method", "A = [1]\ndef f(): A.__setitem__(0, 2)\nf()"],
    ["globals()", "A = 1\nglobals()['A'] = 2"],
    ["globals() in a function", "A = 1\ndef f(n): globals()[n] = 2\nf('A')"],
    ["exec", "A = 1\nexec('A = 2')"],
    ["setattr on the module", "import sys\nA = 1\nsetattr(sys.modules[__name__], 'A', 2)"],
    [
      "a block that ends early",
      `from contextlib import contextmanager\nA = 1\n@contextmanager\ndef safely():\n    try: yield\n    except ImportError: pass\nwith safely():\n    import missing_module\n    A = 2`,
    ],
  ].map(([title = "", code = ""]) =>
    one(`changed by ${title}`, { "flows.py": `${header}${code}\n@flow\ndef my_flow(x=A): pass\n` }),
  ),
  ...unseen.map((code) =>
    one(`bound unseen by ${code}`, { "flows.py": `${header}A = 1\n${code}\n@flow\ndef my_flow(x=A): pass\n` }),
  ),
  {
    ...one("bound by none of these", {
      "flows.py": `${header}A = 1\n${quiet.join("\n")}\n@flow\ndef my_flow(x: int = A): pass\n`,
    }),
    decided: true,
  },
  ...[
    ["a function", "def setup(): S.R = 5\nsetup()"],
    ["a second name", "T = S\nT.R = 5"],
    ["the body of another class", "class T: S.R = 5"],
    ["its list in place", "S.L.append(2)"],
    ["a call that gets its list", "def g(x): x.append(3)\ng(S.L)"],
  ].map(([title = "", code = ""]) =>
    one(`a class constant changed by ${title}`, {
      "flows.py": `${header}class S:\n    R = 1\n    L = [1]\n${code}\n@flow\ndef my_flow(x=S.R, y=S.L): pass\n`,
    }),
  ),
  one("a class that sets its own constants", {
    "flows.py": `${header}class S:\n    R = 1\n    @classmethod\n    def configure(cls, n): cls.R = n\nS.configure(5)\n@flow\ndef my_flow(x=S.R): pass\n`,
  }),
  ...[
    ["if", "if True:\n    from prod import *\nelse:\n    from dev import *"],
    ["an if that doesn't hold", "from prod import *\nif 1 > 2:\n    from dev import *"],
    ["try", "from prod import *\ntry:\n    from broken import *\nexcept ImportError: pass"],
    ["a loop that never runs", "from prod import *\nfor i in []:\n    from dev import *"],
    ["match", "match 1:\n    case 1:\n        from prod import *\n    case _:\n        from dev import *"],
    ["with", "import contextlib\nfrom prod import *\nwith contextlib.suppress(ImportError):\n    from broken import *"],
  ].map(([title = "", code = ""]) =>
    one(`all names of a module, below ${title}`, {
      "prod.py": "DB = 'prod'\n",
      "dev.py": "DB = 'dev'\n",
      "broken.py": "DB = 'broken'\nimport missing_module\n",
      "flows.py": `${header}${code}\n@flow\ndef my_flow(x=DB): pass\n`,
    }),
  ),
  ...[
    ["a property called value", "    @property\n    def value(self): return self.a"],
    ["a property called name", "    @property\n    def name(self): return self.a"],
    ["a constructor that sets it", "    def __init__(self, *a): self._value_ = 'x'"],
  ].map(([title = "", code = ""]) =>
    one(`an enum with ${title}`, {
      "flows.py": `${header}from enum import Enum\nclass T(Enum):\n    U = ("u", "id")\n    a = property(lambda self: "p")\n${code}\n@flow\ndef my_flow(x: T = T.U): pass\n`,
    }),
  ),
]

function one(title: string, files: Readonly<Record<string, string>>): Case {
  return { title, files, path: "flows.py", object: "my_flow", decided: false }
}
