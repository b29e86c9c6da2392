//! Copies of large columns in huge pages: the system hands out fresh memory a page at a time, and in pages of
//! 4 KiB that is a good part of a call on a large frame. Everything unsafe in this crate is here.

/// Bytes from which on huge pages are asked for; smaller blocks mostly come from memory in use already.
#[cfg(target_os = "linux")]
const WORTH_HUGE_PAGES: usize = 4 << 20;

/// Copies values into memory of their own.
pub fn copied(values: &[f64]) -> Vec<f64> {
    let mut copy: Vec<f64> = Vec::with_capacity(values.len());
    #[cfg(target_os = "linux")]
    ask_for_huge_pages(copy.spare_capacity_mut());
    copy.extend_from_slice(values);
    copy
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn ask_for_huge_pages(memory: &mut [std::mem::MaybeUninit<f64>]) {
    const PAGE: usize = 4096;
    let bytes = std::mem::size_of_val(memory);
    if bytes < WORTH_HUGE_PAGES {
        return;
    }
    let begin = memory.as_mut_ptr().cast::<u8>();
    let skipped = begin.align_offset(PAGE);
    // SAFETY: the range lies within `memory`, which nothing else uses while it is borrowed, and the advice
    // changes how it is backed, not what it holds. It is advice: what the call returns does not matter.
    unsafe {
        libc::madvise(begin.add(skipped).cast(), bytes - skipped, libc::MADV_HUGEPAGE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_same_bits() {
        for length in [0, 1, 1_000, 600_000, 600_001] {
            let values: Vec<f64> =
                (0..length).map(|i| if i % 7 == 0 { f64::NAN } else { i as f64 }).collect();
            let copy = copied(&values);
            assert!(copy.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits()));
            assert_eq!(copy.len(), values.len());
        }
    }
}
