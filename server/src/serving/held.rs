//! An answer that keeps its request's seat until it is over.

use super::seats::Seat;
use axum::body::{Body as AnyBody, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pub struct Held {
    body: AnyBody,
    _seat: Arc<Seat>,
}

impl Held {
    pub fn new(body: AnyBody, seat: Arc<Seat>) -> Self {
        Self { body, _seat: seat }
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
