import type { Case } from "./cases.ts"

/**
 * Flows whose defaults and types have to be followed further than to a name: loops, instances and discriminated unions.
 * Each starts with its title; a `?` before it means that Lockstep may say honestly that it can't know.
 */
const loops = String.raw`
comprehensions over constants
from prefect import flow
L = [1, 2, 3]
D = {"a": 1, "b": 2, "c": None}
@flow
def my_flow(a=[x for x in L], b=[x * 2 for x in L if x > 1], c=tuple(k for k in D), d={k: v for k, v in D.items() if v is not None}, e={x for x in L}, f=list(D.values()), g=[(k, v) for k, v in D.items()], h=[p for p in D.items()]):
    pass
=====
? a view as a default
from prefect import flow
D = {"a": 1}
@flow
def my_flow(a=D.keys()):
    pass
=====
? keys that are equal across types
from prefect import flow
D = {1: "a", True: "b", 2: "c"}
@flow
def my_flow(a=D[1], b=list(D), c=D.get(1.0), d=D.get("x", 5)):
    pass
=====
loops over an enum
from prefect import flow
from enum import Enum
class C(str, Enum):
    A = "a"
    B = "b"
    Z = "a"
@flow
def my_flow(a=[c.value for c in C], b=tuple(C), c=[c.name for c in C if c != C.A], d=[x for x in list(C)], e={c.name: c.value for c in C}):
    pass
=====
names that a comprehension hides
from prefect import flow
x = 5
@flow
def my_flow(a=[x for x in [1, 2]], b=x, c=[[y for y in range(x)] for x in (1, 2)], d=[x for x in range(3) for x in range(x)], e=[a for a, in [(1,), (2,)]], f=[a for (a) in [(1,), (2,)]]):
    pass
=====
a dictionary of which some values aren't known
from prefect import flow
import os
D = {"a": os.getenv("HOME"), "b": len(os.listdir("/")), "c": 1}
@flow
def my_flow(a=D["c"], b=list(D), c=D.get("c"), d=D.get("zz"), e=[k for k, v in D.items()], f=len([k for k in D]), g="a" in D):
    pass
=====
comparisons
from prefect import flow
@flow
def my_flow(a=1 == 1.0, b=True == 1, c="a" in ["a", "b"], d=None is None, e=3 not in (1, 2), f="b" in "abc", g=1 < 2, h="1" == 1, i=(1 is not None), j=0.1 + 0.2 == 0.3, l="x" in {"x": 1}, m=1 in {1, 2}):
    pass
=====
keys that stand twice, and 'dict(...)'
from prefect import flow
D = {"a": 1, "b": 2, "a": 3}
@flow
def my_flow(a=list(D), b=list(D.values()), c=list(D.items()), d={**D, "b": 9}, e={k: 1 for k in ["x", "y", "x"]}, f=dict(a={"x": 1})):
    pass
=====
? a generator that is used up
from prefect import flow
G = (x for x in [1, 2])
A = tuple(G)
@flow
def my_flow(a=tuple(G), b=A):
    pass
=====
? comprehensions in a class
from prefect import flow
class C:
    N = 3
    L = [x for x in range(N)]
    M = [x for x in range(2)]
@flow
def my_flow(a=C.L, b=C.M):
    pass
=====
? a view of what is changed later
from prefect import flow
D = {"a": 1}
K = D.keys()
D["b"] = 2
@flow
def my_flow(a=tuple(K)):
    pass
=====
? a view of what a call changes later
from prefect import flow
def grow(d): d["b"] = 2
D = {"a": 1}
K = D.keys()
grow(D)
@flow
def my_flow(a=tuple(K)):
    pass
=====
? another name of what a call changes later
from prefect import flow
def grow(d): d.append(2)
L = [1]
K = L
grow(L)
@flow
def my_flow(a=K):
    pass
=====
? loops over sets, texts and generators in other calls
from prefect import flow
@flow
def my_flow(a=[x for x in {3, 1}], b=list({"q": 1} | {"r": 2}), c=[c for c in "abc"], d={str(i): i for i in range(3)}, e=[f"{i:02d}" for i in range(3)], f=", ".join(str(i) for i in range(3)), g=[i for i in range(0)], h=list(i for i in ())):
    pass
=====
fixed things that calls are given
from pathlib import Path
from typing import NewType, TypeVar, cast
from datetime import date
from prefect import flow
ROOT = Path("a")
DAY = date(2024, 1, 2)
Id = NewType("Id", int)
OTHER = str.format("{}", ROOT)
ONE = cast(Id, 1)
print(ROOT, DAY, Id)
@flow
def my_flow(a: Path = ROOT / "b", b: date = DAY, c: Id = 3):
    pass
`

const instances = String.raw`
attributes that a constructor sets
from prefect import flow
class T:
    def __init__(self, name, size=3):
        self.name = name
        self.size = size
A = T("a")
@flow
def my_flow(a=A.name, b=A.size, c=T("x", size=9).size, d=[t.name for t in [A, T("b")]]):
    pass
=====
constructors that call those above, over files
### flows.py
from prefect import flow
from lib.b import B
ALL = [B("x", kind="k"), B(label="y", kind="q")]
@flow
def my_flow(a=[b.label for b in ALL], b=ALL[0].kind, c=ALL[1].full, d=ALL[0].const):
    pass
### lib/b.py
from lib.a import A
PREFIX = "p-"
class B(A):
    """doc self"""
    def __init__(self, label, *args, **kwargs):
        """self"""
        super().__init__(*args, **kwargs)
        self.label = label
        self.full = f"{PREFIX}{self.label}-{self.kind}"
    def show(self):
        return self
### lib/a.py
class A:
    const = 5
    def __init__(self, kind: str = "none") -> None:
        self.kind = kind
=====
a dataclass below a constructor of its own
from prefect import flow
from dataclasses import dataclass, field
from typing import Optional
@dataclass
class Base:
    ds: str
    table: str
    bucket: Optional[dict]
    env: str = "dev"
    def __post_init__(self):
        self.set_env(self.env)
    def __getitem__(self, key):
        return self.__dict__[key]
    def set_env(self, env):
        self.env = env
        return self
class Src(Base):
    def __init__(self, name: str, table: str):
        self.name = name
        super().__init__(ds="s_" + name, table=table, bucket=None)
        self.cron = self._cron()
    def set_env(self, env):
        super().set_env(env)
        self.full = f"{env}.{self.table}"
    def _cron(self):
        for x in [1]:
            if self.table in ("a",):
                return x
S = Src("n", "t")
@flow
def my_flow(a=S.table, b=S.ds, c=S.name):
    pass
=====
? an attribute that '__post_init__' changes
from prefect import flow
from dataclasses import dataclass
@dataclass
class Base:
    env: str = "dev"
    def __post_init__(self):
        self.env = self.env + "!"
@flow
def my_flow(d=Base().env):
    pass
=====
? an attribute in a list of targets
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
        self.go()
    def go(self):
        self.x, self.name = 1, "other"
@flow
def my_flow(a=T("a").name):
    pass
=====
? an attribute as the target of a loop
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
        self.go()
    def go(self):
        for self.name in ["z"]:
            pass
@flow
def my_flow(a=T("a").name):
    pass
=====
? an attribute as the target of 'with'
from prefect import flow
from contextlib import nullcontext
class T:
    def __init__(self, name):
        self.name = name
        self.go()
    def go(self):
        with nullcontext("q") as self.name: pass
@flow
def my_flow(a=T("a").name):
    pass
=====
? an attribute in targets over several lines
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
        self.go()
    def go(self):
        (
            self.x,
            self.name,
        ) = 1, "m"
@flow
def my_flow(a=T("a").name):
    pass
=====
? an attribute in a continued line
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
        self.go()
    def go(self):
        self.x, \
          self.name \
          = 1, "m"
@flow
def my_flow(a=T("a").name):
    pass
=====
? an instance that a helper elsewhere changes
### flows.py
from prefect import flow
from helper import patch
class T:
    def __init__(self, name):
        self.name = name
        patch(self)
@flow
def my_flow(a=T("a").name):
    pass
### helper.py
def patch(t):
    t.name = "patched"
=====
? an instance that a helper changes under another name
### flows.py
from prefect import flow
from helper import patch
class T:
    def __init__(self, name):
        self.name = name
        self.go()
    def go(self):
        me = self
        patch(me)
@flow
def my_flow(a=T("a").name):
    pass
### helper.py
def patch(t):
    t.name = "patched"
=====
? attributes of any name
from prefect import flow
class T:
    def __init__(self, name, **kw):
        self.name = name
        self.__dict__.update(kw)
class U:
    def __init__(self, name, **kw):
        self.name = name
        for k, v in kw.items(): setattr(self, k, v)
@flow
def my_flow(a=T("a", name2=1).name, b=U("a").name):
    pass
=====
? a property
from prefect import flow
class T:
    def __init__(self, name):
        self._name = name
    @property
    def name(self):
        return self._name + "!"
@flow
def my_flow(a=T("a").name, b=T("a")._name):
    pass
=====
? a property that a constructor sets
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
    @property
    def name(self):
        return self._name
    @name.setter
    def name(self, v):
        self._name = v + "!"
@flow
def my_flow(a=T("a").name):
    pass
=====
? a descriptor
from prefect import flow
class D:
    def __get__(self, o, t): return "d"
    def __set__(self, o, v): pass
class T:
    name = D()
    def __init__(self, name):
        self.name = name
@flow
def my_flow(a=T("a").name):
    pass
=====
? slots
from prefect import flow
class T:
    __slots__ = ("name",)
    def __init__(self, name):
        self.name = name
@flow
def my_flow(a=T("a").name):
    pass
=====
? '__setattr__'
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
    def __setattr__(self, k, v):
        object.__setattr__(self, k, v + "!")
@flow
def my_flow(a=T("a").name):
    pass
=====
? '__getattribute__'
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
    def __getattribute__(self, k):
        return "always"
@flow
def my_flow(a=T("a").name):
    pass
=====
? a metaclass
from prefect import flow
class M(type):
    def __call__(cls, *a, **k):
        o = super().__call__(*a, **k)
        o.name2 = 1
        return o
class T(metaclass=M):
    def __init__(self, name):
        self.name = name
@flow
def my_flow(a=T("a").name):
    pass
=====
? several base classes
from prefect import flow
class A:
    def __init__(self, name):
        self.name = name
class B:
    def __init__(self, name):
        self.name = "b" + name
class T(A, B):
    def __init__(self, name):
        super().__init__(name)
@flow
def my_flow(a=T("a").name):
    pass
=====
? a constructor that is replaced later
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
def init(self, name): object.__setattr__(self, "name", "p")
T.__init__ = init
@flow
def my_flow(a=T("a").name):
    pass
=====
? an instance that is changed later
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
A = T("a")
A.name = "changed"
L = [T("b")]
for t in L:
    t.name = "changed"
@flow
def my_flow(a=A.name, b=L[0].name):
    pass
=====
? methods that change what a constructor set
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
    def rename(self, n):
        self.name = n
        return self
A = T("a").rename("z")
B = T("b")
B.rename("q")
C = T("c")
D = C.rename("y")
@flow
def my_flow(a=A.name, b=B.name, c=C.name):
    pass
=====
? a list in an attribute
from prefect import flow
class T:
    def __init__(self, tags):
        self.tags = tags
    def add(self, x):
        self.tags.append(x)
A = T(["a"])
A.add("b")
@flow
def my_flow(a=A.tags):
    pass
=====
? a name that means two things in time
from prefect import flow
P = "a"
class T:
    def __init__(self, name):
        self.name = P + name
A = T("x")
P = "b"
B = T("x")
@flow
def my_flow(a=A.name, b=B.name):
    pass
=====
attributes that are set twice
from prefect import flow
class A:
    def __init__(self):
        self.name = "base"
class T(A):
    def __init__(self):
        self.name = "own"
        super().__init__()
class U(A):
    def __init__(self):
        super().__init__()
        self.name = "own"
        self.copy = self.name
        self.name = "last"
@flow
def my_flow(a=T().name, b=U().name, c=U().copy):
    pass
=====
arguments that are passed on by '*args' and '**kwargs'
from prefect import flow
class A:
    def __init__(self, a, b=2, *rest, c=3, **kw):
        self.a = a
        self.b = b
        self.c = c
class T(A):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
@flow
def my_flow(a=T(1).a, b=T(1, 5, 6, c=4).c, e=T(1, b=3).b):
    pass
=====
attributes of the class
from prefect import flow
class A:
    limit = 1
    name = "n"
    def __init__(self):
        self.limit = 2
class B(A):
    name = "m"
@flow
def my_flow(a=A().limit, b=B().name, c=B().limit, d=A().name):
    pass
=====
constructors of dataclasses
from prefect import flow
from dataclasses import dataclass, field
from typing import ClassVar
@dataclass
class A:
    x: int
    y: str = "y"
    z: list = field(default_factory=list)
    w: int = field(default=4)
    K: ClassVar[int] = 8
@dataclass
class B(A):
    y: str = "by"
    q: int = 1
@flow
def my_flow(a=A(1).x, b=A(1, "k").y, c=A(1).w, d=A(1).K, e=B(1).y, f=B(1, q=3).q):
    pass
=====
? fields that aren't plain ones
from prefect import flow
from dataclasses import dataclass, field, InitVar, KW_ONLY
@dataclass
class A:
    x: InitVar[int]
    y: int = 2
@dataclass
class B:
    _: KW_ONLY
    y: int = 2
@dataclass(init=False)
class C:
    y: int = 2
@dataclass
class D:
    y: int = field(init=False, default=3)
@dataclass(kw_only=True)
class E:
    y: int = 3
@flow
def my_flow(a=A(1).y, b=B(y=1).y, c=C().y, d=D().y, e=E(y=4).y):
    pass
=====
? a class in a class
from prefect import flow
class Outer:
    class T:
        def __init__(self, name):
            self.name = name
A = Outer.T("a")
@flow
def my_flow(a=A.name):
    pass
=====
? a constructor whose instance isn't 'self'
from prefect import flow
class T:
    def __init__(this, name):
        this.name = name
@flow
def my_flow(a=T("a").name):
    pass
=====
? a constructor with a condition
from prefect import flow
class T:
    def __init__(self, name=None):
        if name is None:
            name = "none"
        self.name = name
@flow
def my_flow(a=T().name):
    pass
=====
? a parameter that is bound again
from prefect import flow
class T:
    def __init__(self, name):
        self.x = (name := "w")
        self.name = name
@flow
def my_flow(a=T("a").name):
    pass
=====
an enum member, and a default from the class
from prefect import flow
from enum import Enum
class K(Enum):
    A = 1
class T:
    DEFAULT = "d"
    def __init__(self, kind=K.A, name=DEFAULT):
        self.kind = kind
        self.name = name
@flow
def my_flow(a=T().kind, c=T(K.A).kind.value):
    pass
=====
? an attribute of a pydantic model
from prefect import flow
from pydantic import BaseModel
class M(BaseModel):
    name: str = "a"
M1 = M(name="z")
@flow
def my_flow(a=M1.name):
    pass
=====
? a frozen dataclass that changes itself
from prefect import flow
from dataclasses import dataclass
@dataclass(frozen=True)
class A:
    x: int
    def __post_init__(self):
        object.__setattr__(self, "x", self.x + 1)
@flow
def my_flow(a=A(1).x):
    pass
=====
? a decorator that replaces the class
from prefect import flow
def deco(c):
    class X(c):
        def __init__(self, *a):
            super().__init__(*a)
            self.name = "d"
    return X
@deco
class T:
    def __init__(self, name):
        self.name = name
@flow
def my_flow(a=T("a").name):
    pass
=====
two classes that set one attribute
from prefect import flow
class A:
    def __init__(self, name): self.name = name; self.b = 1
class B:
    def __init__(self, name):
        self.name = "b" + name
@flow
def my_flow(a=A("x").name, b=B("x").name, c=A("x").b):
    pass
=====
? a method that a subclass replaces
from prefect import flow
class A:
    def __init__(self):
        self.name = "a"
        self.hook()
    def hook(self): pass
class B(A):
    def hook(self):
        self.name = "b"
@flow
def my_flow(a=B().name, b=A().name):
    pass
=====
a constructor above by class and instance
from prefect import flow
class A:
    def __init__(self, n):
        self.name = n
class B(A):
    def __init__(self):
        super(B, self).__init__("b")
@flow
def my_flow(a=B().name):
    pass
=====
? a name that isn't there in an argument of which nothing is left
from prefect import flow
from dataclasses import dataclass
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from other import Thing
@dataclass
class Pair:
    first: object
    second: object = None
@flow
def my_flow(a=Pair({1: [Thing.RED]}).second):
    pass
=====
'__getattr__'
from prefect import flow
class A:
    def __init__(self):
        self.x = 1
    def __getattr__(self, n):
        return "dyn"
@flow
def my_flow(a=A().x):
    pass
=====
a positional parameter that '**kwargs' has too
from prefect import flow
class A:
    def __init__(self, a, /, **kw):
        self.a = a
@flow
def my_flow(a=A(1, a=2).a):
    pass
=====
? an attribute that is removed
from prefect import flow
class A:
    x = 9
    def __init__(self):
        self.x = 1
        self.drop()
    def drop(self):
        del self.x
@flow
def my_flow(a=A().x):
    pass
=====
? a method that calls the constructor again
from prefect import flow
class A:
    def __init__(self, x):
        self.x = x
        self.reset()
    def reset(self):
        if self.x == 1: self.__init__(5)
@flow
def my_flow(a=A(1).x):
    pass
=====
? an instance in a list in a method
from prefect import flow
class A:
    def __init__(self, x):
        self.x = x
        self.go()
    def go(self):
        def inner(o=None):
            nonlocal_self = [self]
            nonlocal_self[0].x = 7
        inner()
@flow
def my_flow(a=A(1).x):
    pass
=====
? decorators on methods
### flows.py
from prefect import flow
from deco import twist
class A:
    @twist
    def __init__(self, x):
        self.x = x
class B:
    def __init__(self, x):
        self.x = x
        self.go()
    @twist
    def go(self): pass
@flow
def my_flow(a=A(1).x, b=B(1).x):
    pass
### deco.py
def twist(f):
    def g(self, *a):
        f(self, *a)
        self.x = "twisted"
    return g
=====
? collected arguments that a constructor changes
from prefect import flow
class A:
    def __init__(self, a, b=2, *rest, c=3, **kw):
        self.a = a
        self.c = c
class U(A):
    def __init__(self, *args, **kwargs):
        kwargs.setdefault("c", 7)
        super().__init__(*args, **kwargs)
class V(A):
    def __init__(self, *args, **kwargs):
        self.z = kwargs.pop("c", None)
        super().__init__(*args, **kwargs)
@flow
def my_flow(c=U(1).c, d=V(1, c=9).c):
    pass
=====
? a constructor that names the one above
from prefect import flow
class A:
    def __init__(self, n):
        self.name = n
class C(A):
    def __init__(self):
        A.__init__(self, "c")
@flow
def my_flow(b=C().name):
    pass
=====
tables of captures
### flows.py
from prefect import flow
import constants
table_ids = constants.CHECKS.keys()
@flow
def my_flow(a=tuple([t.table for t in constants.SOURCES]), b: list = tuple(table_ids), c=constants.MAIN.table):
    pass
### constants.py
from datetime import datetime
from zoneinfo import ZoneInfo
from lib.tables import Source
PARAMS = {
    "one": {"keys": ["id"], "flow": "a", "first": datetime(2025, 1, 1, tzinfo=ZoneInfo("UTC"))},
    "two": {"keys": [], "flow": "b", "funcs": [len]},
    "three": {"keys": ["x"], "flow": "a", "cron": str(datetime.now())},
}
SOURCES = [
    Source(source="s", table=k, keys=v["keys"], first=v.get("first", datetime(2024, 1, 1)), size=v.get("size", 4))
    for k, v in PARAMS.items()
    if v.get("flow") == "a"
]
MAIN = Source("s", "main")
THREE = next(s for s in SOURCES if s.table == "three")
CHECKS = {MAIN.table: {"source": MAIN}, "three": {"keys": THREE.keys}}
### lib/tables.py
import inspect
from dataclasses import dataclass
from pathlib import Path
@dataclass
class Base:
    dataset: str
    table: str
    buckets: dict
    env: str
    def __post_init__(self):
        self.set_env(env=self.env)
    def __getitem__(self, key):
        return self.__dict__[key]
    def set_env(self, env: str):
        """Returns:
            self
        """
        self.env = env
        self.bucket = None if self.buckets is None else self.buckets[env]
        return self
class Table(Base):
    def __init__(  # four
        self,
        env,
        dataset,
        table,
        buckets=None,
    ) -> None:
        self.full = None
        super().__init__(dataset=dataset, table=table, buckets=buckets, env=env)
    def set_env(self, env):
        super().set_env(env=env)
        self.full = f"{env}.{self.dataset}.{self.table}"
        return self
class Source(Table):
    def __init__(self, source, table, first=None, keys=None, size: int = 60):
        self.source = source
        super().__init__(
            dataset="source_" + source,
            table=table,
            env="dev",
        )
        self.keys = keys
        self.funcs = keys or []
        self.cron = self._cron()
        self.size = size
    def _cron(self):
        folder = Path(inspect.stack()[0].filename).parent
        for line in (folder / "tables.py").open():
            if self.table in line:
                return line
        return None
=====
? a loop that hands instances to a helper
### flows.py
from prefect import flow
from helper import patch
class T:
    def __init__(self, name):
        self.name = name
L = [T("a"), T("b")]
for t in L:
    patch(t)
@flow
def my_flow(a=[t.name for t in L]):
    pass
### helper.py
def patch(t):
    t.name = "patched"
=====
? an instance whose helper's result is kept
### flows.py
from prefect import flow
from helper import patch
class T:
    def __init__(self, name):
        self.name = name
A = T("a")
ok = patch(A)
@flow
def my_flow(a=A.name):
    pass
### helper.py
def patch(t):
    t.name = "patched"
    return True
=====
? a list that an assigned call changes
from prefect import flow
def grow(x):
    x.append(2)
    return x
L = [1]
M = grow(L)
@flow
def my_flow(a=L):
    pass
=====
? a list that a loop changes under another name
from prefect import flow
L = [[1], [2]]
for x in L:
    x.append(3)
@flow
def my_flow(a=L):
    pass
=====
? a comprehension that changes another list
from prefect import flow
L = [1]
M = [L.append(x) for x in (2, 3)]
@flow
def my_flow(a=L, b=M):
    pass
=====
? an instance that another one changes
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
class U:
    def __init__(self, t):
        self.t = t
        t.name = "taken"
A = T("a")
B = U(A)
@flow
def my_flow(a=A.name):
    pass
=====
? an instance that one of another file changes
### flows.py
from prefect import flow
from helper import U
class T:
    def __init__(self, name):
        self.name = name
A = T("a")
B = U(A)
@flow
def my_flow(a=A.name):
    pass
### helper.py
class U:
    def __init__(self, t):
        self.t = t
        t.name = "taken"
=====
? an instance given to a constructor above
### flows.py
from prefect import flow
from helper import U
class T(U):
    def __init__(self, name, other):
        self.name = name
        super().__init__(other)
A = T("a", None)
B = T("b", A)
@flow
def my_flow(a=A.name, b=B.name):
    pass
### helper.py
class U:
    def __init__(self, t):
        if t: t.name = "taken"
=====
instances in a dictionary with enum keys
from prefect import flow
from enum import Enum
class K(str, Enum):
    A = "a"
    B = "b"
class T:
    def __init__(self, name):
        self.name = name
D = {K.A: T("x"), K.B: T("y")}
@flow
def my_flow(a=D[K.A].name, b=[d.name for d in D.values()], c=list(D)):
    pass
=====
? instances in instances
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
class U:
    def __init__(self, t, n="q"):
        self.t = t
        self.u = T(n)
        self.nn = t.name
@flow
def my_flow(a=U(T("x")).t.name, b=U(T("x")).nn, c=U(T("x")).u.name):
    pass
=====
a class that is defined twice
from prefect import flow
class T:
    def __init__(self, name):
        self.name = name
A = T("a")
class T:
    def __init__(self, name):
        self.name = name + "!"
B = T("b")
@flow
def my_flow(a=A.name, b=B.name):
    pass
=====
? a default that a dataclass inherits
from prefect import flow
from dataclasses import dataclass
@dataclass
class A:
    x: int = 1
class B(A):
    x = 5
@dataclass
class C(B):
    x: int
@dataclass
class D(B):
    y: int = 2
@flow
def my_flow(a=B().x, b=D().x, c=C().x, d=C(3).x):
    pass
=====
an abstract class
from prefect import flow
from abc import ABC, abstractmethod
class A(ABC):
    def __init__(self, n): self.n = n
    @abstractmethod
    def go(self): ...
class B(A):
    def go(self): return self.n
@flow
def my_flow(a=B("z").n):
    pass
=====
constructors that do nothing
from prefect import flow
class A:
    n = 1
    def __init__(self):
        pass
class B(A):
    def __init__(self):
        ...
class C(B): pass
@flow
def my_flow(a=A().n, b=B().n, c=C().n):
    pass
=====
? attributes with two underscores
from prefect import flow
class A:
    def __init__(self):
        self.__x = 1
        self.y = self.__x
        self._A__x = 2
@flow
def my_flow(a=A().y, b=A()._A__x):
    pass
=====
? a dictionary of the class in a constructor
from prefect import flow
class A:
    D = {"a": 1}
    def __init__(self, v=2):
        self.v = v
        self.w = self.D["a"]
@flow
def my_flow(a=A().v, b=A().w):
    pass
=====
? constructors defined twice or below a condition
from prefect import flow
class A:
    def __init__(self): self.v = 1
    def __init__(self): self.v = 2
class B:
    if True:
        def __init__(self): self.v = 3
@flow
def my_flow(a=A().v, b=B().v):
    pass
=====
? attributes with annotations and several targets
from prefect import flow
class A:
    def __init__(self, x):
        self.a: int = x
        self.b = self.c = x
class B:
    def __init__(self, x):
        self.a = x
        self.a += 1
class C:
    def __init__(self, x):
        self.a: dict[
            str, int] = x
    def go(self):
        self.a = 3
@flow
def my_flow(a=A(1).a, b=B(1).a, c=C(1).a):
    pass
=====
attributes as defaults of annotated parameters
from prefect import flow
class A:
    def __init__(self, x="5"):
        self.x = x
@flow
def my_flow(a: int = A().x, b: list[str] = [A().x]):
    pass
=====
? an instance changed through its module
### flows.py
from prefect import flow
import lib
lib.S.name = "late"
@flow
def my_flow(a=lib.S.name):
    pass
### lib.py
class T:
    def __init__(self, name):
        self.name = name
S = T("a")
=====
? an argument that a constructor changes
from prefect import flow
class A:
    def __init__(self, xs):
        xs.append(2)
        self.n = len(xs)
@flow
def my_flow(a=A([1]).n):
    pass
=====
? a constant that is changed after it was used
from prefect import flow
D = {"k": "v"}
class A:
    def __init__(self, k):
        self.v = D[k]
        self.n = len([1, 2])
X = A("k")
D["k"] = "w"
@flow
def my_flow(a=X.v, b=X.n):
    pass
=====
? an argument changed under another name
from prefect import flow
class A:
    def __init__(self, d):
        self.d = d
        self.d.update(k="z")
        self.v = d["k"]
@flow
def my_flow(a=A({"k": "v"}).v):
    pass
=====
? an argument that a constructor takes from
from prefect import flow
class A:
    def __init__(self, d):
        self.x = d.pop("k")
        self.v = d.get("k", "gone")
@flow
def my_flow(a=A({"k": "v"}).v):
    pass
=====
? an argument that the constructor above changes
from prefect import flow
class B:
    def __init__(self, d):
        d["k"] = 3
class A(B):
    def __init__(self, d):
        super().__init__(d)
        self.v = d.get("k", "gone")
class C:
    def __init__(self, d):
        self.change(d)
        self.v = d.get("k", "gone")
    def change(self, e):
        e["k"] = 9
@flow
def my_flow(a=A({"k": "v"}).v, b=C({"k": "v"}).v):
    pass
=====
? an imported list that is changed
### flows.py
from prefect import flow
from consts import L
L.append(2)
@flow
def my_flow(a=L):
    pass
### consts.py
L = [1]
=====
? an imported list that a call changes
### flows.py
from prefect import flow
from consts import L
def grow(x): x.append(3)
grow(L)
@flow
def my_flow(a=L):
    pass
### consts.py
L = [1]
=====
? a list of a module that is changed
### flows.py
from prefect import flow
import consts
consts.L.append(2)
@flow
def my_flow(a=consts.L):
    pass
### consts.py
L = [1]
=====
? instances that the file between changes
### flows.py
from prefect import flow
import middle
@flow
def my_flow(a=[t.name for t in middle.SELECTED]):
    pass
### middle.py
from consts import ALL
for t in ALL:
    t.name = "changed"
SELECTED = ALL
### consts.py
class T:
    def __init__(self, name):
        self.name = name
ALL = [T("a")]
=====
? a field that is none, under another name
from prefect import flow
from dataclasses import dataclass, InitVar as IV
@dataclass
class A:
    x: IV[int] = 5
@flow
def my_flow(a=A(1).x):
    pass
=====
? a list of a module that a call changes
### flows.py
from prefect import flow
import consts
def grow(x): x.append(3)
grow(consts.L)
@flow
def my_flow(a=consts.L):
    pass
### consts.py
L = [1]
=====
? instances that a helper changes in the file between
### flows.py
from prefect import flow
import middle
@flow
def my_flow(a=[t.name for t in middle.SELECTED]):
    pass
### middle.py
from consts import ALL
from helper import patch
for t in ALL:
    patch(t)
SELECTED = ALL
### helper.py
def patch(t): t.name = "patched"
### consts.py
class T:
    def __init__(self, name):
        self.name = name
ALL = [T("a")]
`

const discriminated = String.raw`
a discriminated union in a list
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["b", "c"]
    x: int = 1
E = Annotated[A | B, Field(discriminator="kind")]
@flow
def my_flow(events: list[E] | None = None):
    pass
=====
a discriminated union as it stands
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["b"]
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind", description="hi", title="T")]):
    pass
=====
discriminated unions in a model
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["b"]
class M(BaseModel):
    e: Union[A, B] = Field(..., discriminator="kind", description="d")
    f: Optional[Union[A, B]] = Field(None, discriminator="kind")
    g: Annotated[Union[A, B], Field(discriminator="kind")] = A()
@flow
def my_flow(m: M):
    pass
=====
a discriminated union with None in it
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["b"]
@flow
def my_flow(e: Annotated[Union[A, B, None], Field(discriminator="kind")] = None, f: Annotated[Optional[Union[A, B]], Field(discriminator="kind")] = None):
    pass
=====
a discriminator of enum members
from prefect import flow
from typing import *
from enum import Enum
from pydantic import BaseModel, Field
class K(str, Enum):
    a = "aa"
    b = "bb"
class A(BaseModel):
    kind: Literal[K.a]
class B(BaseModel):
    kind: Literal[K.b]
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind")]):
    pass
=====
? a discriminator of numbers
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal[1]
class B(BaseModel):
    kind: Literal[2]
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind")]):
    pass
=====
a discriminator with an alias
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = Field("a", alias="Kind")
class B(BaseModel):
    kind: Literal["b"] = Field(alias="Kind")
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind")]):
    pass
=====
a discriminator in a default
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["b"]
@flow
def my_flow(e: Union[A, B] = Field(discriminator="kind"), f: Union[A, B] = Field(A(), discriminator="kind"), g: A | B = Field(default=None, discriminator="kind")):
    pass
=====
a discriminated union of a model and a dataclass
from prefect import flow
from typing import *
from dataclasses import dataclass
from pydantic import BaseModel, Field
@dataclass
class A:
    kind: Literal["a"]
class B(BaseModel):
    kind: Literal["b"]
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind")]):
    pass
=====
? a discriminated union in another
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["b"]
class C(BaseModel):
    kind: Literal["c"]
AB = Annotated[Union[A, B], Field(discriminator="kind")]
@flow
def my_flow(e: Annotated[Union[AB, C], Field(discriminator="kind")]):
    pass
=====
? a discriminator that tells nothing apart
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["a"]
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind")]):
    pass
=====
? a discriminator that is no literal
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: str = "a"
class B(BaseModel):
    kind: Literal["a"]
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind")]):
    pass
=====
a discriminated union of one
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
@flow
def my_flow(e: Annotated[A, Field(discriminator="kind")]):
    pass
=====
discriminated unions in other types
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class Z(BaseModel):
    kind: Literal["z"] = "z"
class A(Z):
    n: int
class B(Z):
    kind: Literal["b"] = "b"
E = Annotated[Union[A, B], Field(discriminator="kind")]
@flow
def my_flow(e: Dict[str, E], f: Optional[E] = None, g: Union[E, int] = 3, h: E | None = None, i: tuple[E, int] = None):
    pass
=====
? an optional discriminator
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Optional[Literal["a"]] = "a"
class B(BaseModel):
    kind: Literal["b"]
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind")]):
    pass
=====
a described discriminated union
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["b"]
E = Annotated[Union[A, B], Field(discriminator="kind", description="D", title="T")]
@flow
def my_flow(e: list[E], f: E = A()):
    pass
=====
? a discriminator with an alias in one class only
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = Field("a", alias="Kind")
class B(BaseModel):
    kind: Literal["b"]
@flow
def my_flow(e: Annotated[Union[A, B], Field(discriminator="kind")]):
    pass
=====
a discriminator of several texts
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class B(BaseModel):
    kind: Literal["z", "b"]
class A(BaseModel):
    kind: Literal["c", "a"] = "a"
@flow
def my_flow(e: Annotated[Union[B, A], Field(discriminator="kind")]):
    pass
=====
discriminated unions in the fields of a model
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
class B(BaseModel):
    kind: Literal["b"]
E = Annotated[A | B, Field(discriminator="kind")]
class M(BaseModel):
    a: Optional[E] = None
    b: list[E] = []
    c: E | int
    d: dict[str, E] = Field(default_factory=dict, description="d")
    e: Annotated[Optional[Union[A, B]], Field(discriminator="kind", title="T")] = None
    f: E = Field(A(), description="x")
@flow
def my_flow(m: M, n: "list[E]" = None, o: List["E"] = None, p: E = None, q: Optional[E] = A()):
    pass
=====
? a validated discriminator
from prefect import flow
from typing import *
from pydantic import BaseModel, Field, field_validator
class A(BaseModel):
    kind: Literal["a"] = "a"
    @field_validator("kind", mode="before")
    @classmethod
    def v(cls, x): return x
class B(BaseModel):
    kind: Literal["b"]
@flow
def my_flow(m: Annotated[A | B, Field(discriminator="kind")]):
    pass
=====
? a validated model in a discriminated union
from prefect import flow
from typing import *
from pydantic import BaseModel, Field, model_validator
class A(BaseModel):
    kind: Literal["a"] = "a"
    @model_validator(mode="before")
    @classmethod
    def v(cls, x): return x
class B(BaseModel):
    kind: Literal["b"]
@flow
def my_flow(m: Annotated[A | B, Field(discriminator="kind")]):
    pass
=====
? a discriminated union of classes that name it
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class A(BaseModel):
    kind: Literal["a"] = "a"
    sub: "Optional[E]" = None
class B(BaseModel):
    kind: Literal["b"]
    subs: List["E"] = []
E = Annotated[Union[A, B], Field(discriminator="kind")]
A.model_rebuild()
B.model_rebuild()
@flow
def my_flow(m: E):
    pass
=====
? a discriminated union of TypedDicts
from prefect import flow
from typing import *
from typing_extensions import TypedDict
from pydantic import BaseModel, Field
class A(TypedDict):
    kind: Literal["a"]
class B(TypedDict):
    kind: Literal["b"]
@flow
def my_flow(m: Annotated[A | B, Field(discriminator="kind")]):
    pass
=====
discriminators with alias generators
from prefect import flow
from typing import *
from pydantic import BaseModel, Field, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass
@dataclass
class A:
    event_kind: Literal["a"] = "a"
@dataclass
class B:
    event_kind: Literal["b"]
class C(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    event_kind: Literal["c"]
class D(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")
    event_kind: Literal["d", "dd"]
@flow
def my_flow(m: Annotated[A | B, Field(discriminator="event_kind")], n: Annotated[C | D, Field(discriminator="event_kind")], ):
    pass
=====
discriminators with validation aliases
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class C(BaseModel):
    kind: Literal["c"] = Field(validation_alias="k")
class D(BaseModel):
    kind: Literal["d"] = Field(validation_alias="k")
@flow
def my_flow(n: Annotated[C | D, Field(discriminator="kind")]):
    pass
=====
? a discriminator with a serialization alias
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class C(BaseModel):
    kind: Literal["c"] = Field(serialization_alias="k")
class D(BaseModel):
    kind: Literal["d"]
@flow
def my_flow(n: Annotated[C | D, Field(discriminator="kind")]):
    pass
=====
? discriminators in 'Annotated' and 'Final'
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class C(BaseModel):
    kind: Annotated[Literal["c"], Field(description="k")]
class D(BaseModel):
    kind: Literal["d"] = Field("d", description="k", title="K")
class F(BaseModel):
    kind: Final[Literal["f"]] = "f"
class G(BaseModel):
    kind: Final = "g"
@flow
def my_flow(n: Annotated[C | D, Field(discriminator="kind")], f: Annotated[D | F, Field(discriminator="kind")] , g: Annotated[D | G, Field(discriminator="kind")]):
    pass
=====
discriminated unions with examples and limits
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class C(BaseModel):
    kind: Literal["c"]
class D(BaseModel):
    kind: Literal["d"]
@flow
def my_flow(a: Annotated[C | D, Field(discriminator="kind", json_schema_extra={"x": 1})], b: List[Annotated[C | D, Field(discriminator="kind", json_schema_extra={"x": 1})]], c: Annotated[list[Annotated[C | D, Field(discriminator="kind")]], Field(min_length=1)], d: Annotated[C | D, "note", Field(discriminator="kind", examples=[1])]):
    pass
=====
? a discriminated union with a number
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class C(BaseModel):
    kind: Literal["c"]
@flow
def my_flow(a: Annotated[C | int, Field(discriminator="kind")]):
    pass
=====
? a discriminator around a list
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class C(BaseModel):
    kind: Literal["c"]
class D(BaseModel):
    kind: Literal["d"]
@flow
def my_flow(a: Annotated[list[C | D], Field(discriminator="kind")]):
    pass
=====
? discriminators in defaults that don't fit
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class C(BaseModel):
    kind: Literal["c"]
@flow
def my_flow(a: int = Field(3, discriminator="kind"), b: C = Field(discriminator="nope"), c: C | int = Field(discriminator="kind")):
    pass
=====
? a discriminator that is an enum
from prefect import flow
from typing import *
from enum import Enum
from pydantic import BaseModel, Field
class K(Enum):
    A = "a"
    B = 2
class C(BaseModel):
    kind: Literal[K.A]
class D(BaseModel):
    kind: Literal[K.B]
class E(BaseModel):
    kind: K = K.A
@flow
def my_flow(a: Annotated[C | D, Field(discriminator="kind")], b: Annotated[C | E, Field(discriminator="kind")]):
    pass
=====
? discriminators of subclasses
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class Base(BaseModel):
    kind: str
class C(Base):
    kind: Literal["c"] = "c"
class D(C):
    x: int = 1
class F(D):
    kind: Literal["f"] = "f"
@flow
def my_flow(a: Annotated[Union[F, C], Field(discriminator="kind")], b: Annotated[Union[C, D], Field(discriminator="kind")]):
    pass
=====
? a model with a computed field in a discriminated union
from prefect import flow
from typing import *
from pydantic import BaseModel, Field, computed_field
class C(BaseModel):
    kind: Literal["c"]
    @computed_field
    @property
    def q(self) -> int: return 1
class D(BaseModel):
    kind: Literal["d"]
    class Config:
        extra = "forbid"
@flow
def my_flow(a: Annotated[Union[C, D], Field(discriminator="kind")], b: Annotated[Union[D, None], Field(discriminator="kind")] = None):
    pass
=====
? discriminators that stand twice
from prefect import flow
from typing import *
from pydantic import BaseModel, Field
class C(BaseModel):
    kind: Literal["c", "c", "e"]
    other: Literal["x"] = "x"
class D(BaseModel):
    kind: Literal["d"]
    other: Literal["y"] = "y"
@flow
def my_flow(a: Annotated[Union[C, D, C], Field(discriminator="kind")], b: Annotated[Annotated[Union[C, D], Field(discriminator="kind")], Field(description="q")], c: Annotated[Union[C, D], Field(discriminator="kind"), Field(discriminator="other")], d: Annotated[Union[C, D], Field(discriminator="")]=None):
    pass
`

function toCase(text: string): Case {
  const [title = "", ...lines] = text.trim().split("\n")
  const decided = !title.startsWith("?")
  const parts = lines.join("\n").split(/^### (\S+)\n/mu)
  const [whole = "", ...named] = parts
  const files = named.flatMap((path, index) => (index % 2 === 0 ? [[path, named[index + 1] ?? ""] as const] : []))
  return {
    title: title.replace(/^\? /u, ""),
    files: named.length === 0 ? { "flows.py": `${whole}\n` } : Object.fromEntries(files),
    path: "flows.py",
    object: "my_flow",
    decided,
  }
}

export const followed: readonly Case[] = [loops, instances, discriminated].flatMap((texts) =>
  texts.split("\n=====\n").map(toCase),
)
