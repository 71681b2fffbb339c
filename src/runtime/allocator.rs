//! Gives memory that was freed back to the system, where the allocator would keep it: one call of the C library, and nothing else.
//!
//! The allocator of glibc has a heap for each thread, and keeps there what was freed, of use to that thread alone. A restore takes the memory of a state on
//! the polling thread, and the states of a group that went are those of workers: without this, each heap would keep as much as it ever needed at once.
//! Does not know what the memory was for.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), allow(unsafe_code, reason = "the standard library has no call for it"))]

/// Gives all whole pages of freed memory back to the system. Takes some ten milliseconds for each hundred MiB, in which other threads may wait for memory.
/// Does nothing where the C library is not glibc.
pub fn give_back_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> std::ffi::c_int;
        }
        // SAFETY: glibc declares it with these types, any thread may call it at any time, and it touches no memory that is in use.
        unsafe { malloc_trim(0) };
    }
}
