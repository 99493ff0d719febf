//! A server-sent event stream, event by event.

use futures::StreamExt;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use std::{pin::Pin, time::Duration};

type Chunks = Pin<Box<dyn futures::Stream<Item = reqwest::Result<Vec<u8>>> + Send>>;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: String,
    pub id: String,
    pub data: String,
}

impl Event {
    /// The topics of a `change`.
    pub fn topics(&self) -> Vec<String> {
        assert_eq!(self.kind, "change", "{self:?}");
        let data: Value = serde_json::from_str(&self.data).expect("JSON");
        data["topics"].as_array().expect("topics").iter().map(|t| t.as_str().expect("text").to_owned()).collect()
    }
}

/// An open stream.
pub struct Stream {
    chunks: Chunks,
    /// What came and was not looked at.
    rest: String,
    /// Everything that came.
    pub seen: String,
}

impl Stream {
    pub async fn open(request: RequestBuilder) -> Self {
        // A stream outlasts what a request may take.
        let response: Response = request.timeout(Duration::from_secs(600)).send().await.expect("the stream opens");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { chunks: Box::pin(response.bytes_stream().map(|c| c.map(|b| b.to_vec()))), rest: String::new(), seen: String::new() }
    }

    /// The next event; `None` where the stream ends.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.rest.find("\n\n") {
                let block: String = self.rest.drain(..end + 2).collect();
                if let Some(event) = event(&block) {
                    return Some(event);
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.chunks.next()).await.expect("an event in time")?;
            let text = String::from_utf8(chunk.ok()?).expect("UTF-8");
            self.seen.push_str(&text);
            self.rest.push_str(&text);
        }
    }

    /// The next event, which must come.
    pub async fn event(&mut self) -> Event {
        self.next().await.expect("the stream goes on")
    }

    /// Reads changes until one has the topic; returns all topics so far.
    pub async fn until(&mut self, topic: &str) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            all.extend(self.event().await.topics());
            if all.iter().any(|t| t == topic) {
                return all;
            }
        }
    }

    /// Waits for the end; whatever comes before is skipped.
    pub async fn ended(&mut self) {
        while self.next().await.is_some() {}
    }
}

/// A block without a comment only.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim_start().to_owned());
    Some(Event { kind: field("event:")?, id: field("id:").unwrap_or_default(), data: field("data:").unwrap_or_default() })
}
