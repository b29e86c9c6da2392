//! Large columns in huge pages: the system hands out fresh memory a page at a time, and in pages of
//! 4 KiB that is a good part of a call on a large frame. Everything unsafe in this crate is here.

use arrow_array::builder::LargeStringBuilder;
use arrow_buffer::MutableBuffer;

/// Bytes from which on huge pages are asked for; smaller blocks mostly come from memory in use already.
#[cfg(target_os = "linux")]
const WORTH_HUGE_PAGES: usize = 4 << 20;

/// Copies values into memory of their own.
pub fn copied(values: &[f64]) -> Vec<f64> {
    let mut copy = with_capacity(values.len());
    copy.extend_from_slice(values);
    copy
}

/// An empty vector with room for values.
pub fn with_capacity<T>(capacity: usize) -> Vec<T> {
    let mut vector = Vec::with_capacity(capacity);
    #[cfg(target_os = "linux")]
    ask_for_huge_pages(vector.spare_capacity_mut());
    vector
}

/// A vector of zeros, to be written piece by piece.
pub fn zeros<T: Clone + Default>(length: usize) -> Vec<T> {
    let mut vector = vec![T::default(); length];
    #[cfg(target_os = "linux")]
    ask_for_huge_pages(&mut vector);
    vector
}

/// A builder with room for texts of so many bytes.
#[allow(unsafe_code)]
pub fn text_builder(texts: usize, bytes: usize) -> LargeStringBuilder {
    let mut offsets = with_capacity::<i64>(texts + 1);
    offsets.push(0);
    let (offsets, bytes) =
        (MutableBuffer::from(offsets), MutableBuffer::from(with_capacity::<u8>(bytes)));
    // SAFETY: these are the buffers of no texts: one offset, which is zero, and no bytes.
    unsafe { LargeStringBuilder::new_from_buffer(offsets, bytes, None) }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn ask_for_huge_pages<T>(memory: &mut [T]) {
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
