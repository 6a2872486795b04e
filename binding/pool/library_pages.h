// The pages of TensorFlow's library, and of OpenVINO's. To load TensorFlow reads 250 MB of the
// file, names of symbols and what is executed once at the start, which the kernel goes on counting
// as the process's memory.
#pragma once

namespace tensorgate {

// Gives those pages back to the system: the kernel's cache of files has them, and what is used of
// them comes back page by page. Nothing is done while a debugger is attached, whose breakpoints
// would be lost. Takes about a millisecond, and what is used next is somewhat slower. THREAD: any.
void ReleaseLibraryPages();

}  // namespace tensorgate
