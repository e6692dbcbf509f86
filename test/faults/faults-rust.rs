//! What goes wrong in modules in Rust: panics that leave it, wild pointers, threads.

#![allow(non_upper_case_globals)]

use std::ffi::{c_char, c_void};
use std::hint::black_box;
use std::ptr;

type Module = c_void;

/// `struct fault` of faults.h.
#[repr(C)]
pub struct Fault {
    name: *const c_char,
    run: Option<extern "C" fn(*mut Module)>,
}

// Nobody writes to them.
unsafe impl Sync for Fault {}

#[repr(transparent)]
pub struct Topic(*const Fault);
unsafe impl Sync for Topic {}

#[inline(never)]
fn store<T>(place: *mut T, value: T) {
    unsafe { ptr::write_volatile(place, value) } // dies: rust-segv
}

extern "C" fn write_nowhere(_: *mut Module) {
    store(black_box(ptr::null_mut()), 1u32);
    black_box(());
}

// A panic unwinds up to the function that others may call, and ends there: that is what the stack shows.
extern "C" fn panic_out(_: *mut Module) { // dies: rust-panic
    panic!("nobody catches this"); // dies: rust-panic
}

extern "C" fn index_beyond(_: *mut Module) { // dies: rust-index
    let numbers: Vec<u32> = black_box(vec![1, 2, 3]);
    black_box(numbers[black_box(7)]); // dies: rust-index
}

extern "C" fn unwrap_nothing(_: *mut Module) { // dies: rust-unwrap
    let nothing: Option<u32> = black_box(None);
    black_box(nothing.unwrap()); // dies: rust-unwrap
}

extern "C" fn abort(_: *mut Module) {
    std::process::abort(); // dies: rust-abort
}

extern "C" fn leave(_: *mut Module) {
    std::process::exit(7); // dies: rust-exit
}

extern "C" fn crash_in_thread(_: *mut Module) {
    let thread = std::thread::spawn(|| {
        let place: *mut u32 = black_box(ptr::null_mut());
        unsafe { ptr::write_volatile(place, 1) } // dies: rust-thread
    });
    let _ = thread.join();
}

#[inline(never)]
fn descend(depth: u64) -> u64 { // dies: rust-recursion
    let frame = black_box([depth; 64]); // dies: rust-recursion
    if black_box(depth) == u64::MAX { depth } else { descend(depth + 1) + frame[0] } // dies: rust-recursion
}

extern "C" fn overflow(_: *mut Module) {
    black_box(descend(0));
}

extern "C" fn spin(_: *mut Module) {
    loop {
        black_box(()); // dies: rust-loop
    }
}

const fn fault(name: &'static std::ffi::CStr, run: extern "C" fn(*mut Module)) -> Fault {
    Fault { name: name.as_ptr(), run: Some(run) }
}

static faults: [Fault; 10] = [
    fault(c"segv", write_nowhere),
    fault(c"rust-panic", panic_out),
    fault(c"rust-index", index_beyond),
    fault(c"rust-unwrap", unwrap_nothing),
    fault(c"rust-abort", abort),
    fault(c"rust-exit", leave),
    fault(c"rust-thread", crash_in_thread),
    fault(c"rust-recursion", overflow),
    fault(c"rust-loop", spin),
    Fault { name: ptr::null(), run: None },
];

#[no_mangle]
pub static fault_topics: [Topic; 2] = [Topic(faults.as_ptr()), Topic(ptr::null())];
