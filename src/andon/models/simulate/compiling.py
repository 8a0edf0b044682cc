"""The kernel's way through numba, cut short: functions are typed one by one, but optimised once and all together.

Usually numba makes machine code of every function that it meets, together with all that the function calls. In a kernel
of many small functions that is the same work again and again; here only the entry is made machine code, in less than
half the time. It imports numba, so it is imported when something is to be compiled.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar

import numba
from llvmlite import binding
from llvmlite.ir.instructions import AllocaInstr, StoreInstr
from numba import types as kinds
from numba.core import untyped_passes as untyped
from numba.core.compiler import CompilerBase, _LowerResult
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.funcdesc import PythonFunctionDescriptor
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.extending import intrinsic

from andon.models.simulate.ordinary import over

LIBC = frozenset({"memcpy", "memmove", "memset", "sqrt", "floor", "ceil", "exp", "log", "pow", "fmod"})
"""What the code may call that it does not hold: every process has these."""
APART = frozenset(
    {"step_other", "step_machine", "step_flow", "step_control", "step_people", "begin", "close"}
    | {"seek", "shut", "shut_next", "let_go", "let_one_go", "end_standstill"}
)
"""Functions that are never put where they are called: rare ones, which would make the loop wide for all others."""
register: Any = register_pass
descriptors: Any = PythonFunctionDescriptor


class Unfit(Exception):  # noqa: N818 - a verdict on numba, not a fault of the program
    """This numba's code has another form than the one that is loaded here."""


@register(mutates_CFG=True, analysis_only=False)
class Lowering(NativeLowering):
    """Typed code to LLVM's, and to machine code for a function that is not to be inlined anywhere: the entry."""

    _name = "andon_lowering"
    entry = ""
    made: ClassVar[list[bytes]] = []

    def run_pass(self, state: Any) -> bool:
        """Lower one function into a library of its own, which stays open unless it is the entry's."""
        context, flags = state.targetctx, state.flags
        library = context.codegen().create_library(state.func_id.func_qualname)
        library.enable_object_caching()
        state.library = library
        descriptor = descriptors.from_specialized_function(
            state.func_ir,
            state.typemap,
            state.return_type,
            state.calltypes,
            mangler=context.mangler,
            inline=flags.forceinline,
            noalias=flags.noalias,
            abi_tags=[flags.get_mangle_string()],
        )
        add = library.add_ir_module
        library.add_ir_module = lambda module: add(_unfilled(module))
        with context.push_code_library(library):
            lower = self.lowering_class(context, library, descriptor, state.func_ir, metadata=state.metadata)
            lower.lower()
        if state.func_id.func.__name__ == self.entry:
            library._linking_libraries = _parts(library)  # noqa: SLF001 - numba has no other way to say it
            self.made.append(_object_code(library, descriptor.llvm_func_name))
        library._finalized = True  # noqa: SLF001 - read like a finished one, though only the entry is
        name: Any = [].append  # one that nobody else has: numba finds functions by such an object, and never calls it
        context.insert_user_function(name, descriptor, [library])
        state.cr = _LowerResult(descriptor, lower.call_helper, cfunc=name, env=lower.env)
        return True


def _object_code(library: Any, entry: str) -> bytes:
    """Link a library with all that it needs, optimise it as one, and make machine code of it.

    Nothing but the entry is called from outside, so what is called in one place only is put there. All lies close
    together: a call, or a constant, is found by its distance.
    """
    module = library._final_module  # noqa: SLF001 - as above
    for part in library._linking_libraries:  # noqa: SLF001 - as above
        module.link_in(part._get_module_for_linking(), preserve=True)  # noqa: SLF001 - as above
    for function in module.functions:
        if not function.is_declaration and function.name != entry:
            function.linkage = "internal"
            if any(f"{len(name)}{name}B" in function.name for name in APART):
                function.add_function_attribute("noinline")
    processor = {"cpu": binding.get_host_cpu_name(), "features": binding.get_host_cpu_features().flatten()}
    close: Any = binding.Target.from_default_triple().create_target_machine(
        **processor, opt=3, reloc="pic", codemodel="small", jit=True
    )
    tuning: Any = binding.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = (
        False  # its loops turn a few times: a wide one is set up in vain
    )
    passes: Any = binding.create_pass_builder(close, tuning)
    passes.getModulePassManager().run(module, passes)
    module.verify()
    return bytes(close.emit_object(module))


def _unfilled(module: Any) -> Any:
    """Take out the zeros that numba writes where a function begins into every place that it will use.

    They are overwritten before they are read. Where `step` is put into the loop they were eight stores an instruction.
    """
    for function in module.functions:
        for block in function.blocks[:1]:
            made = block.instructions
            block.instructions = [
                each
                for before, each in zip([None, *made], made, strict=False)
                if not (isinstance(each, StoreInstr) and isinstance(before, AllocaInstr) and each.operands[1] is before)
            ]
    return module


def _parts(library: Any) -> list[Any]:
    """All that a library needs, and what that needs, each once and behind all that call it.

    A function that nobody calls when it is linked is left out, although somebody may call it who is linked later: one
    that was made for a constant argument may name another one that, with this constant, it never calls.
    """
    called: list[Any] = []
    seen: set[int] = set()

    def walk(part: Any) -> None:
        seen.add(id(part))
        for each in part._linking_libraries:  # noqa: SLF001 - as above
            if id(each) not in seen:
                walk(each)
        called.append(part)

    walk(library)
    return called[-2::-1]


class Compiler(CompilerBase):
    """The passes that plain functions over numbers need, without those for closures, literals and array expressions."""

    def define_pipelines(self) -> list[Any]:
        """One pipeline."""
        manager: Any = PassManager
        passes = manager("andon")
        for each in (
            untyped.TranslateByteCode,
            untyped.FixupArgs,
            untyped.IRProcessing,
            untyped.ReconstructSSA,
            NopythonTypeInference,
            PreLowerStripPhis,
            IRLegalization,
            Lowering,
            NoPythonBackend,
        ):
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]


def machine_code(
    plain: dict[str, Callable[..., Any]],
    modules: Sequence[types.ModuleType],
    inlined: Collection[str],
    entry: str,
    arguments: Sequence[str],
) -> tuple[bytes, bytes]:
    """The symbol of the entry, and the object code that holds it and all that it calls.

    Args:
        plain: the functions by name.
        modules: where they stand.
        inlined: names of those that are put in place where they are called.
        entry: the one that is called from outside.
        arguments: what it takes: `words`, `reals` or `number` each.
    """
    Lowering.entry = entry
    pointer: Any = kinds.CPointer
    kind = {"words": pointer(kinds.int64), "reals": pointer(kinds.float64), "number": kinds.int64}
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "pipeline_class": Compiler}
    options |= {"no_cfunc_wrapper": True, "no_cpython_wrapper": True}

    def compiled(function: Callable[..., Any]) -> Any:
        if function.__name__ == "pick":
            return _pick()
        return numba.njit(**options, forceinline=function.__name__ in inlined)(function)

    made = over(plain, modules, compiled)[entry]
    signature: Any = tuple(kind[each] for each in arguments)
    made.compile(signature)
    result = made.overloads[signature]
    name = result.fndesc.llvm_func_name
    refuse_other_form(result.library._final_module, name, arguments)  # noqa: SLF001 - as above
    return name.encode(), Lowering.made.pop()


def refuse_other_form(module: Any, name: str, arguments: Sequence[str]) -> None:
    """The code is called by hand and loaded alone: what is not as that needs is refused before it is run.

    Raises:
        Unfit: the entry takes something else, or the code calls what it does not hold.
    """
    kinds = [str(argument.type) for argument in module.get_function(name).arguments]
    wanted = [True, True, *(each != "number" for each in arguments)]
    if [kind == "ptr" or kind.endswith("*") for kind in kinds] != wanted:
        raise Unfit(f"the entry takes {', '.join(kinds)}")
    missing = {f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")} - LIBC
    if missing:
        raise Unfit(f"the code needs {', '.join(sorted(missing)[:5])}")


def _pick() -> Callable[..., Any]:
    """The compiled `pick`: said to be unpredictable, a choice stays a choice and is not made a jump."""

    @intrinsic
    def pick(_typing: Any, first: Any, a: Any, _b: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            chosen = builder.select(*arguments)
            chosen.set_metadata("unpredictable", builder.module.add_metadata([]))
            return chosen

        return a(first, a, a), generate

    return pick
