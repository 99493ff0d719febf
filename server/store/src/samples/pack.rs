//! Packed numbers: how samples lie in the `body` columns.
//!
//! A body begins with [`VERSION`]. Whole numbers are LEB128 varints, those that may be negative zigzag-coded first (both as in Protocol Buffers'
//! encoding). A value is a varint of `mantissa << 3 | places + 1` where it is that whole number divided by ten to the number of decimal places, to the
//! last bit; what is no such decimal is a zero byte and the eight bytes of the `f64`, little endian. So `72.4` takes two bytes and an arbitrary
//! `f64` nine, and each comes back as the very number it was.

use crate::StoreError;

/// The first byte of a body.
const VERSION: u8 = 1;
/// Powers of ten that a decimal may be divided by.
const POWERS: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
/// Mantissas beyond it take no fewer bytes than the number itself.
const LARGEST: f64 = (1_u64 << 50) as f64;

/// Writes a body.
pub(super) struct Packer {
    body: Vec<u8>,
}

impl Packer {
    pub fn with_capacity(bytes: usize) -> Self {
        let mut body = Vec::with_capacity(bytes);
        body.push(VERSION);
        Self { body }
    }

    pub fn unsigned(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.body.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.body.push(number as u8);
    }

    pub fn signed(&mut self, number: i64) {
        self.unsigned(((number << 1) ^ (number >> 63)) as u64);
    }

    pub fn value(&mut self, value: f64) {
        match decimal(value) {
            Some((mantissa, places)) => self.unsigned((((mantissa << 1) ^ (mantissa >> 63)) as u64) << 3 | (places as u64 + 1)),
            None => {
                self.body.push(0);
                self.body.extend_from_slice(&value.to_le_bytes());
            }
        }
    }

    pub fn finish(self) -> Vec<u8> {
        self.body
    }
}

/// The mantissa and the decimal places of a number that is a short decimal, to the last bit.
fn decimal(value: f64) -> Option<(i64, usize)> {
    POWERS.iter().enumerate().find_map(|(places, power)| {
        let mantissa = (value * power).round();
        // By way of the whole number, which knows no negative zero.
        (mantissa.abs() < LARGEST && (mantissa as i64 as f64 / power).to_bits() == value.to_bits()).then_some((mantissa as i64, places))
    })
}

/// Reads a body.
pub(super) struct Unpacker<'b> {
    rest: &'b [u8],
}

fn damaged() -> StoreError {
    StoreError::Internal("packed samples are damaged".into())
}

impl<'b> Unpacker<'b> {
    pub fn new(body: &'b [u8]) -> Result<Self, StoreError> {
        match body.split_first() {
            Some((&VERSION, rest)) => Ok(Self { rest }),
            _ => Err(damaged()),
        }
    }

    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn unsigned(&mut self) -> Result<u64, StoreError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or_else(damaged)?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(damaged())
    }

    pub fn signed(&mut self) -> Result<i64, StoreError> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub fn value(&mut self) -> Result<f64, StoreError> {
        let number = self.unsigned()?;
        if number == 0 {
            let (bytes, rest) = self.rest.split_first_chunk::<8>().ok_or_else(damaged)?;
            self.rest = rest;
            return Ok(f64::from_le_bytes(*bytes));
        }
        let places = (number & 7).checked_sub(1).ok_or_else(damaged)?;
        let power = POWERS.get(places as usize).ok_or_else(damaged)?;
        let mantissa = number >> 3;
        Ok(((mantissa >> 1) as i64 ^ -((mantissa & 1) as i64)) as f64 / power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packed(values: &[f64]) -> Vec<u8> {
        let mut packer = Packer::with_capacity(0);
        values.iter().for_each(|value| packer.value(*value));
        packer.finish()
    }

    proptest! {
        #[test]
        fn every_number_comes_back_as_it_was(values: Vec<f64>, cents: Vec<i32>, whole: Vec<i64>, count: Vec<u64>) {
            let values: Vec<f64> = values.into_iter().chain(cents.iter().map(|c| f64::from(*c) / 100.0)).chain(whole.iter().map(|w| *w as f64)).collect();
            let body = packed(&values);
            let mut unpacker = Unpacker::new(&body).unwrap();
            for value in &values {
                prop_assert_eq!(unpacker.value().unwrap().to_bits(), value.to_bits());
            }
            prop_assert!(unpacker.is_done());
            let mut packer = Packer::with_capacity(0);
            whole.iter().for_each(|w| packer.signed(*w));
            count.iter().for_each(|c| packer.unsigned(*c));
            let body = packer.finish();
            let mut unpacker = Unpacker::new(&body).unwrap();
            for number in &whole {
                prop_assert_eq!(unpacker.signed().unwrap(), *number);
            }
            for number in &count {
                prop_assert_eq!(unpacker.unsigned().unwrap(), *number);
            }
        }

        #[test]
        fn damaged_bytes_are_an_error_and_no_panic(body: Vec<u8>) {
            if let Ok(mut unpacker) = Unpacker::new(&body) {
                while !unpacker.is_done() && unpacker.value().is_ok() {}
            }
        }
    }

    #[test]
    fn what_metrics_are_mostly_takes_few_bytes() {
        for (value, bytes) in [(0.0, 1), (7.0, 1), (98.0, 2), (72.4, 2), (72.43, 3), (18_400.0, 3), (0.1 + 0.2, 9), (-0.0, 9), (f64::MAX, 9)] {
            assert_eq!(packed(&[value]).len() - 1, bytes, "{value}");
        }
    }
}
