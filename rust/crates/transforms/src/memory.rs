//! Large columns: the system hands out fresh memory a page at a time, and in pages of 4 KiB that is a good part
//! of a call on a large frame, so huge pages are asked for. Everything unsafe in this crate is here.

use std::hash::BuildHasher;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::{Array, ArrayRef, GenericStringArray, OffsetSizeTrait};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType;
use hashbrown::DefaultHashBuilder;

use crate::error::{Error, Result};
use crate::parallel;

/// Bytes of a text from which on its repetitions are copied one by one.
const LONG: usize = 128;
/// Texts that one task repeats.
const TEXTS_PER_TASK: usize = 2_048;
/// How many texts' repetitions are kept.
const SLOTS: usize = 64;

/// Bytes from which on huge pages are asked for; smaller blocks mostly come from memory in use already.
#[cfg(target_os = "linux")]
const WORTH_HUGE_PAGES: usize = 1 << 20;

/// Makes sure that so many bytes can be had, before they are taken piece by piece: a piece that cannot be had would end
/// the process.
pub fn require_memory(bytes: usize) -> Result<()> {
    let mut room = Vec::<u8>::new();
    room.try_reserve_exact(bytes).map_err(|_| Error::OutOfMemory(bytes))?;
    black_box(room);
    Ok(())
}

/// Bytes of a column's own rows, which may be a slice of a larger one; without the categories, which do not grow with
/// the rows.
pub fn bytes_of(column: &ArrayRef) -> usize {
    if let DataType::Dictionary(keys, _) = column.data_type() {
        return column.len() * keys.primitive_width().unwrap_or_default();
    }
    // Where Arrow cannot tell, all that lies behind the rows is more than they are.
    column.to_data().get_slice_memory_size().unwrap_or(column.get_buffer_memory_size())
}

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

/// A vector that is written piece by piece, on any threads. Zeros to begin with would be written for nothing.
pub struct Unwritten<T> {
    vector: Vec<T>,
    length: usize,
    written: AtomicUsize,
}

/// A piece of a vector, to be written from its begin to its end.
pub struct Places<'a, T> {
    left: &'a mut [MaybeUninit<T>],
    written: usize,
    in_all: &'a AtomicUsize,
}

impl<T: Copy> Unwritten<T> {
    /// Room for so many values.
    pub fn new(length: usize) -> Self {
        Self { vector: with_capacity(length), length, written: AtomicUsize::new(0) }
    }

    /// Pieces of these lengths, one behind the other; what pieces of an earlier call wrote does not count.
    pub fn pieces(&mut self, lengths: impl IntoIterator<Item = usize>) -> Vec<Places<'_, T>> {
        self.written = AtomicUsize::new(0);
        let mut left = &mut self.vector.spare_capacity_mut()[..self.length];
        lengths
            .into_iter()
            .map_while(|length| left.split_off_mut(..length))
            .map(|left| Places { left, written: 0, in_all: &self.written })
            .collect()
    }

    /// The vector, all pieces of which have been written.
    #[allow(unsafe_code)]
    pub fn finish(mut self) -> Vec<T> {
        assert_eq!(self.written.into_inner(), self.length, "a piece of a column was not written");
        // SAFETY: the pieces of a call do not overlap, none counts more values than it has places for and has written, and in
        // all they have counted as many as there are.
        unsafe { self.vector.set_len(self.length) };
        self.vector
    }
}

impl<T: Copy> Places<'_, T> {
    /// Writes values behind those that are there, if there is room for all.
    #[inline]
    pub fn extend(&mut self, values: &[T]) {
        let Some(places) = self.left.split_off_mut(..values.len()) else { return };
        for (place, value) in places.iter_mut().zip(values) {
            place.write(*value);
        }
        self.written += values.len();
    }

    /// How many values there is room for.
    pub fn room(&self) -> usize {
        self.left.len()
    }
}

impl<T> Drop for Places<'_, T> {
    fn drop(&mut self) {
        self.in_all.fetch_add(self.written, Ordering::Relaxed);
    }
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
    let mut offsets = Unwritten::<O>::new(texts.len() * times + 1);
    let mut bytes = Unwritten::<u8>::new(length);
    let tasks = texts.chunks(TEXTS_PER_TASK);
    let bytes_of = |texts: &[Option<&str>]| -> usize {
        texts.iter().flatten().map(|text| text.len() * times).sum()
    };
    let mut ends =
        offsets.pieces(std::iter::once(1).chain(tasks.clone().map(|texts| texts.len() * times)));
    let mut begin = 0;
    ends.remove(0).extend(&[O::default()]);
    let blocks = tasks
        .clone()
        .zip(ends)
        .zip(bytes.pieces(tasks.map(bytes_of)))
        .map(|((texts, ends), bytes)| {
            let block = Block { texts, begin, ends, bytes };
            begin += block.bytes.room();
            block
        })
        .collect();
    parallel::map(texts.len() * times, blocks, |block: Block<'_, O>| block.write(times));
    let (offsets, bytes) = (offsets.finish(), bytes.finish());
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

/// Some texts, and where their repetitions go.
struct Block<'a, O: Copy> {
    texts: &'a [Option<&'a str>],
    begin: usize,
    ends: Places<'a, O>,
    bytes: Places<'a, u8>,
}

impl<O: OffsetSizeTrait> Block<'_, O> {
    fn write(mut self, times: usize) {
        let mut end = self.begin;
        let mut ends = vec![O::default(); times];
        let mut repetitions = Repetitions::new(times);
        for text in self.texts {
            let text = text.unwrap_or_default().as_bytes();
            for place in &mut ends {
                end += text.len();
                *place = O::usize_as(end);
            }
            self.ends.extend(&ends);
            match repetitions.of(text) {
                Some(repeated) => self.bytes.extend(repeated),
                None => (0..times).for_each(|_| self.bytes.extend(text)),
            }
        }
    }
}

/// Repetitions of texts lately seen: columns mostly hold few, and one long copy is faster than many short ones.
struct Repetitions<'a> {
    times: usize,
    hasher: DefaultHashBuilder,
    slots: Vec<(&'a [u8], Vec<u8>)>,
}

impl<'a> Repetitions<'a> {
    fn new(times: usize) -> Self {
        Self { times, hasher: DefaultHashBuilder::default(), slots: vec![(&[], Vec::new()); SLOTS] }
    }

    /// The repetitions of a text, None where it is so long that they are not worth keeping.
    fn of(&mut self, text: &'a [u8]) -> Option<&[u8]> {
        if text.len() >= LONG {
            return None;
        }
        let slot = self.hasher.hash_one(text) as usize % SLOTS;
        let (known, repeated) = &mut self.slots[slot];
        if *known != text {
            *known = text;
            *repeated = text.repeat(self.times);
        }
        Some(repeated)
    }
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
        let very_long = long.repeat(10);
        let mut texts =
            vec![Some("a"), None, Some(""), Some("영흥풍력 1"), Some(long), Some(&very_long)];
        let many: Vec<String> = (0..2 * TEXTS_PER_TASK).map(|text| text.to_string()).collect();
        texts.extend(many.iter().map(|text| Some(text.as_str())));
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
    fn pieces_lie_one_behind_the_other() {
        let mut unwritten = Unwritten::new(5);
        let mut pieces = unwritten.pieces([2, 0, 3]);
        pieces[2].extend(&[3, 4]);
        pieces[2].extend(&[5, 6]);
        pieces[2].extend(&[5]);
        pieces[0].extend(&[1, 2]);
        assert!(pieces.iter().all(|piece| piece.room() == 0));
        drop(pieces);
        assert_eq!(unwritten.finish(), [1, 2, 3, 4, 5]);
    }

    #[test]
    #[should_panic(expected = "not written")]
    fn what_was_not_written_is_not_handed_out() {
        let mut unwritten = Unwritten::new(5);
        unwritten.pieces([1]).iter_mut().for_each(|piece| piece.extend(&[1]));
        unwritten.pieces([5, 5]).iter_mut().for_each(|piece| piece.extend(&[1, 2, 3, 4]));
        unwritten.finish();
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
