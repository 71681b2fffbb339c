//! Two calls of the C library: memory that was freed is given back to the system, where the allocator would keep it, and the memory in use is counted.
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

/// The bytes that are in use in all heaps; `None` where the C library is not glibc from version 2.33 on. Other threads may wait for memory while the free
/// parts of the heaps are counted, some milliseconds.
#[must_use]
pub fn memory_in_use() -> Option<u64> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::ffi::{c_char, c_void};
        /// `struct mallinfo2`: ten numbers.
        #[repr(C)]
        struct HeapCounts([usize; 10]);
        /// The numbers of the bytes in mapped blocks, and of those in use in the heaps.
        const MAPPED: usize = 4;
        const IN_USE: usize = 7;
        unsafe extern "C" {
            fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
        }
        // SAFETY: a null handle is `RTLD_DEFAULT`, and the name ends with a zero. An older glibc, which does not have the function, gives null.
        let found = unsafe { dlsym(std::ptr::null_mut(), c"mallinfo2".as_ptr()) };
        if found.is_null() {
            return None;
        }
        // SAFETY: glibc declares `mallinfo2` with these types, and any thread may call it at any time.
        let HeapCounts(counts) = unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn() -> HeapCounts>(found)() };
        Some((counts[MAPPED] + counts[IN_USE]) as u64)
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_in_use_grows_by_a_large_block_and_shrinks_again() {
        // Other tests of this process take and free memory at the same time, some hundred MiB at most. The block is far larger, and takes no pages while it
        // is not written.
        let Some(before) = memory_in_use() else { return };
        let block = std::hint::black_box(vec![0_u8; 2 << 30]);
        let with_block = memory_in_use().unwrap_or_default();
        assert!(with_block >= before + (1 << 30), "{before} and {with_block}");
        drop(block);
        assert!(memory_in_use().is_some_and(|after| after < with_block - (1 << 30)));
    }
}
