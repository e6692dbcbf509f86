//! A module in Rust, built as a C dynamic library: its environment, threads, panics, other programs, numbers.

use std::collections::HashMap;
use std::ffi::{c_char, c_int, CStr, CString};
use std::process::Command;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// `mesibo_module_t` of the ABI of 2020, as far as it is used here.
#[repr(C)]
pub struct Module {
    before: [usize; 7],
    on_message: Option<extern "C" fn(*mut Module, *mut Params, *mut c_char, usize) -> isize>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Params {
    scalars: [usize; 15],
    to: *mut c_char,
    from: *mut c_char,
}

extern "C" {
    fn mesibo_log(module: *mut Module, level: usize, format: *const c_char, ...) -> isize;
    fn mesibo_message(module: *mut Module, params: *mut Params, message: *const c_char, len: usize) -> isize;
}

static WORLD: AtomicPtr<Module> = AtomicPtr::new(std::ptr::null_mut());

fn say(text: String) {
    let text = CString::new(text).unwrap();
    unsafe { mesibo_log(WORLD.load(Ordering::SeqCst), 0, b"%s\0".as_ptr().cast(), text.as_ptr()) };
}

#[no_mangle]
pub extern "C" fn mesibo_module_world_init(version: isize, module: *mut Module, len: isize) -> c_int {
    WORLD.store(module, Ordering::SeqCst);
    unsafe { (*module).on_message = Some(on_message) };
    say(format!("init in Rust, version {}, {} bytes", version, len));
    0
}

extern "C" fn on_message(module: *mut Module, params: *mut Params, message: *mut c_char, _len: usize) -> isize {
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    match text.as_str() {
        "environ" => show_environ(),
        "threads" => show_threads(),
        "runtime" => show_runtime(),
        _ => {
            let answer = format!("{}?", text);
            let mut back = unsafe { *params };
            std::mem::swap(&mut back.to, &mut back.from);
            unsafe { mesibo_message(module, &mut back, answer.as_ptr().cast(), answer.len()) };
            return 1;
        }
    }
    0
}

fn show_environ() {
    say(format!("PATH {}, entries {}", std::env::var("PATH").is_ok(), std::env::vars_os().count() > 0));
    std::env::set_var("WORLD_RUST", "set by the module");
    let out = Command::new("sh").args(["-c", "echo $WORLD_RUST"]).output().unwrap();
    say(format!("program: {}", String::from_utf8_lossy(&out.stdout).trim()));
    say(format!("exit: {:?}", Command::new("sh").args(["-c", "exit 6"]).status().unwrap().code()));
}

fn show_threads() {
    let (sender, receiver) = mpsc::channel();
    let threads: Vec<_> = (1..=10)
        .map(|i| {
            let sender = sender.clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(1));
                sender.send(i).unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    drop(sender);
    say(format!("sum {}", receiver.iter().sum::<i32>()));
    thread::Builder::new().stack_size(8 << 20).spawn(|| say("logged by a thread".into())).unwrap().join().unwrap();
}

fn show_runtime() {
    std::panic::set_hook(Box::new(|_| {}));
    let panicked = std::panic::catch_unwind(|| {
        let numbers: Vec<i32> = Vec::new();
        numbers[std::env::args().count() + 1000]
    });
    say(format!("panicked {}", panicked.is_err()));
    let in_thread = thread::spawn(|| panic!("in a thread")).join();
    say(format!("thread panicked {}", in_thread.is_err()));
    let map: HashMap<_, _> = (0..100).map(|i| (i, i * i)).collect();
    say(format!("map {} {:.3} {:e}", map[&9], 2.0_f64 / 3.0, 1e-7));
    say(format!("pid is mine {}", std::fs::read_link("/proc/self").unwrap().to_string_lossy() == std::process::id().to_string()));
    println!("printed by Rust");
}
