//! Large columns: the system hands out fresh memory a page at a time, and in pages of 4 KiB that is a good part
//! of a call on a large frame, so huge pages are asked for. Everything unsafe in this crate is here.

use arrow_array::{GenericStringArray, OffsetSizeTrait};
use arrow_buffer::{NullBuffer, OffsetBuffer};

/// Bytes of a text that is copied by single instructions: up to ten syllables of Hangul.
const SHORT: usize = 32;
/// How often a text is repeated at most, where it is short.
const DAY: usize = 24;

/// Bytes from which on huge pages are asked for; smaller blocks mostly come from memory in use already.
#[cfg(target_os = "linux")]
const WORTH_HUGE_PAGES: usize = 1 << 20;

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

/// Each text so many times in a row, None where their bytes are more than the offsets can count.
#[allow(unsafe_code)]
pub fn repeated_texts<O: OffsetSizeTrait>(
    texts: &[Option<&str>],
    times: usize,
) -> Option<GenericStringArray<O>> {
    let length: usize = texts.iter().flatten().map(|text| text.len()).sum();
    let length = length.checked_mul(times)?;
    O::from_usize(length)?;
    let mut offsets = with_capacity::<O>(texts.len() * times + 1);
    let mut bytes = with_capacity::<u8>(length);
    offsets.push(O::default());
    let mut day = [0; SHORT * (DAY + 1)];
    for text in texts {
        let text = text.unwrap_or_default().as_bytes();
        let begin = bytes.len();
        offsets.extend((1..times + 1).map(|time| O::usize_as(begin + time * text.len())));
        repeat(text, times, &mut day, &mut bytes);
    }
    let nulls = texts.contains(&None).then(|| {
        NullBuffer::from_iter(
            texts.iter().flat_map(|text| std::iter::repeat_n(text.is_some(), times)),
        )
    });
    // SAFETY: each value is the whole of a text, so its bytes are valid UTF-8; the offsets rise, begin at zero
    // and end where the bytes end; there are as many nulls as values.
    Some(unsafe {
        let offsets = OffsetBuffer::new_unchecked(offsets.into());
        GenericStringArray::new_unchecked(offsets, bytes.into(), nulls)
    })
}

/// Appends a text so many times; `day` is room to work in.
fn repeat(text: &[u8], times: usize, day: &mut [u8; SHORT * (DAY + 1)], bytes: &mut Vec<u8>) {
    if text.len() > SHORT || times > DAY {
        for _ in 0..times {
            bytes.extend_from_slice(text);
        }
        return;
    }
    // Copies of a fixed length are a single instruction; each overwrites what the one before wrote too much.
    let mut padded = [0; SHORT];
    padded[..text.len()].copy_from_slice(text);
    for time in 0..times {
        let begin = time * text.len();
        day[begin..begin + SHORT].copy_from_slice(&padded);
    }
    bytes.extend_from_slice(&day[..text.len() * times]);
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

    use arrow_array::{Array, LargeStringArray, StringArray};

    #[test]
    fn texts_are_repeated() {
        let long = "a name of a plant that is not short at all";
        let texts = [Some("a"), None, Some(""), Some("영흥풍력 1"), Some(&long[..32]), Some(long)];
        for times in [1, 2, 3, 24, 25] {
            let array: Option<StringArray> = repeated_texts(&texts, times);
            let expected: StringArray =
                texts.iter().flat_map(|text| std::iter::repeat_n(*text, times)).collect();
            assert_eq!(array.as_ref(), Some(&expected));
            assert!(array.is_some_and(|array| array.to_data().validate_full().is_ok()));
        }
        let nothing: Option<LargeStringArray> = repeated_texts(&[], 24);
        assert!(nothing.is_some_and(|array| array.is_empty()));
    }

    #[test]
    fn more_bytes_than_offsets_can_count_are_refused() {
        let text = "x".repeat(1 << 20);
        assert!(repeated_texts::<i32>(&[Some(text.as_str()); 100], 24).is_none());
    }

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
