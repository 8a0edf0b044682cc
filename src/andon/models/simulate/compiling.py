"""The kernel's way through numba, cut short: functions are typed one by one, but optimised once and all together.

Usually numba makes machine code of every function that it meets, together with all that the function calls. In a kernel
of many small functions that is the same work again and again; here only the entry is made machine code. It imports
numba, so it is imported when something is to be compiled.
"""

from __future__ import annotations

from typing import Any

from numba.core import untyped_passes as untyped
from numba.core.compiler import CompilerBase, _LowerResult
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.funcdesc import PythonFunctionDescriptor
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NopythonTypeInference,
    NoPythonBackend,
    PreLowerStripPhis,
)


@register_pass(mutates_CFG=True, analysis_only=False)
class Lowering(NativeLowering):  # type: ignore[misc] - numba has no types
    """Typed code to LLVM's; machine code only where somebody outside may call, which is where wrappers are wanted."""

    _name = "andon_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower one function into a library of its own, which stays open unless it is the entry's."""
        context, flags = state.targetctx, state.flags
        library = context.codegen().create_library(state.func_id.func_qualname)
        library.enable_object_caching()
        state.library = library
        descriptor = PythonFunctionDescriptor.from_specialized_function(
            state.func_ir,
            state.typemap,
            state.return_type,
            state.calltypes,
            mangler=context.mangler,
            inline=flags.forceinline,
            noalias=flags.noalias,
            abi_tags=[flags.get_mangle_string()],
        )
        with context.push_code_library(library):
            lower = self.lowering_class(context, library, descriptor, state.func_ir, metadata=state.metadata)
            lower.lower()
            if not flags.no_cpython_wrapper:
                lower.create_cpython_wrapper(flags.release_gil)
        if flags.no_cpython_wrapper:
            library._finalized = True  # noqa: SLF001 - it is read like a finished one, though nothing is optimised yet
            entry: Any = [].append  # a name that nobody else has: numba finds functions by it, and never calls it
        else:
            library._linking_libraries = _parts(library)  # noqa: SLF001 - as above
            entry = context.get_executable(library, descriptor, lower.env)
        context.insert_user_function(entry, descriptor, [library])
        state.cr = _LowerResult(descriptor, lower.call_helper, cfunc=entry, env=lower.env)
        return True


def _parts(library: Any) -> list[Any]:
    """All that a library needs, and what that needs, each once."""
    found: dict[int, Any] = {}
    waiting = [library]
    while waiting:
        for part in waiting.pop()._linking_libraries:  # noqa: SLF001 - as above
            if id(part) not in found:
                found[id(part)] = part
                waiting.append(part)
    return list(found.values())


class Compiler(CompilerBase):  # type: ignore[misc] - numba has no types
    """The passes that plain functions over numbers need, without those for closures, literals and array expressions."""

    def define_pipelines(self) -> list[Any]:
        """One pipeline."""
        passes = PassManager("andon")
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
