//! An authenticator in software: makes a passkey and signs with it, as a security key and its browser do together. It can be made to lie.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Flags of authenticator data: somebody was there, it was the owner, a new key is attached.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTACHED: u8 = 0x40;

/// One passkey on one device, and the browser around it.
#[derive(Clone)]
pub struct Authenticator {
    key: Vec<u8>,
    id: Vec<u8>,
    /// How often it was used; 0 on one that does not count.
    pub counter: u32,
    pub counts: bool,
    /// The page that the browser shows.
    pub origin: String,
    /// In place of the hub that asks.
    pub rp_id: Option<String>,
    /// In place of the one that was sent.
    pub challenge: Option<String>,
    /// In place of what is done.
    pub kind: Option<&'static str>,
    /// Whether the owner showed finger, face or PIN.
    pub verifies: bool,
}

impl Authenticator {
    /// A new one, at a page of the hub.
    pub fn at(origin: &str) -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        Self {
            key: key.as_ref().to_vec(),
            id: rand::random::<[u8; 32]>().to_vec(),
            counter: 0,
            counts: true,
            origin: origin.to_owned(),
            rp_id: None,
            challenge: None,
            kind: None,
            verifies: true,
        }
    }

    fn pair(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.key, &SystemRandom::new()).expect("its key")
    }

    /// The id of its passkey, as pages write it.
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.id)
    }

    fn client_data(&self, kind: &str, asked: &Value) -> Vec<u8> {
        let challenge = self.challenge.as_deref().or(asked["challenge"].as_str()).expect("a challenge");
        json!({ "type": self.kind.unwrap_or(kind), "challenge": challenge, "origin": self.origin, "crossOrigin": false }).to_string().into_bytes()
    }

    fn data(&self, rp_id: &str, flags: u8, attached: &[u8]) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let rp = Sha256::digest(self.rp_id.as_deref().unwrap_or(rp_id));
        [&rp[..], &[flags | verified], &self.counter.to_be_bytes(), attached].concat()
    }

    /// Makes its passkey for whoever asks.
    pub fn create(&self, challenge: &Value) -> String {
        let asked = &challenge["publicKey"];
        let client_data = self.client_data("webauthn.create", asked);
        let pair = self.pair();
        // An uncompressed point: 4, x, y. As COSE (RFC 9053): kty EC2, alg ES256, crv P-256.
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let cose = [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20], x, &[0x22, 0x58, 0x20], y].concat();
        let attached = [&[0; 16][..], &(self.id.len() as u16).to_be_bytes(), &self.id, &cose].concat();
        let data = self.data(asked["rp"]["id"].as_str().expect("a hub"), PRESENT | ATTACHED, &attached);
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": …}
        let attestation = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"[..], &(data.len() as u16).to_be_bytes(), &data].concat();
        let response = json!({ "attestationObject": URL_SAFE_NO_PAD.encode(attestation), "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data) });
        json!({ "id": self.id(), "rawId": self.id(), "type": "public-key", "response": response }).to_string()
    }

    /// Signs a challenge.
    pub fn get(&mut self, challenge: &Value) -> String {
        let asked = &challenge["publicKey"];
        self.counter += u32::from(self.counts);
        let client_data = self.client_data("webauthn.get", asked);
        let data = self.data(asked["rpId"].as_str().expect("a hub"), PRESENT, &[]);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature = self.pair().sign(&SystemRandom::new(), &signed).expect("a signature");
        let response = json!({
            "authenticatorData": URL_SAFE_NO_PAD.encode(data), "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
        });
        json!({ "id": self.id(), "rawId": self.id(), "type": "public-key", "response": response }).to_string()
    }
}
