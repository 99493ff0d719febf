//! ID tokens (OpenID Connect Core, section 3.1.3.7; JWS, RFC 7515): what must be right of one, and nothing else. Claims that the hub does not use may be of
//! any type, as providers send them: a token is read here, not by a library that knows types for all of them.

use super::provider::ProviderError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKey,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm as Alg},
};
use p521::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde::Deserialize;
use serde_json::Value;

/// How far a provider's clock may be from ours, in seconds.
pub const LEEWAY: i64 = 60;
/// Signatures that are believed: with a key of the provider's, never with the secret that the hub knows too, never none.
const SIGNATURES: [Alg; 10] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EcdsaP521Sha512,
    Alg::EdDsa,
];
/// Bytes of a coordinate on P-521.
const P521: usize = 66;

/// The head of a token.
#[derive(Deserialize)]
struct Head {
    alg: Value,
    kid: Option<String>,
    /// What must be understood of the head beyond this: nothing is.
    crit: Option<Value>,
}

/// The claims that are looked at.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    azp: Option<Value>,
    exp: Value,
    nonce: Option<String>,
    auth_time: Option<Value>,
}

/// What a token must have been made for.
pub struct Wanted<'a> {
    pub issuer: &'a str,
    pub client: &'a str,
    pub nonce: &'a str,
    /// Seconds since 1970.
    pub now: i64,
    /// When somebody must have proved at the provider who he is, at the earliest; none where it does not matter. Seconds since 1970.
    pub proved_since: Option<i64>,
}

fn refused(why: &str) -> ProviderError {
    ProviderError::Token(why.to_owned())
}

/// Whom a token vouches for, by the keys of its provider (RFC 7517).
pub fn subject(token: &str, keys: &[Value], wanted: &Wanted<'_>) -> Result<String, ProviderError> {
    let claims = signed(token, keys)?;
    let claims: Claims = serde_json::from_slice(&claims).map_err(|e| refused(&e.to_string()))?;
    if claims.iss != wanted.issuer {
        return Err(refused("it is another issuer's"));
    }
    let audience: Vec<&str> = match &claims.aud {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if !audience.contains(&wanted.client) {
        return Err(refused("it is for another client"));
    }
    let party = claims.azp.as_ref().filter(|party| !party.is_null());
    // For several: the provider must say that it was made for this one.
    let fits = party.map_or(audience.len() == 1, |party| party.as_str() == Some(wanted.client));
    if !fits {
        return Err(refused("it was made for another client"));
    }
    if seconds(&claims.exp).is_none_or(|end| end.saturating_add(LEEWAY) <= wanted.now) {
        return Err(refused("it has expired"));
    }
    if claims.nonce.as_deref() != Some(wanted.nonce) {
        return Err(refused("its nonce is another one"));
    }
    let proved = claims.auth_time.as_ref().and_then(seconds);
    if wanted.proved_since.is_some_and(|since| proved.is_none_or(|at| at < since - LEEWAY)) {
        return Err(refused("nobody proved anything at the provider just now"));
    }
    Ok(claims.sub)
}

/// Seconds since 1970: a number, which some providers write as a text.
fn seconds(value: &Value) -> Option<i64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    number.is_finite().then_some(number as i64)
}

/// The claims of a token that one of the keys has signed.
fn signed(token: &str, keys: &[Value]) -> Result<Vec<u8>, ProviderError> {
    let mut parts = token.split('.');
    let (Some(head), Some(claims), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(refused("it has not three parts"));
    };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| refused("it is not in base64"));
    let read: Head = serde_json::from_slice(&decoded(head)?).map_err(|e| refused(&format!("its head: {e}")))?;
    if read.crit.is_some() {
        return Err(refused("its head asks for what is not known here"));
    }
    let alg: Alg = serde_json::from_value(read.alg.clone()).map_err(|_| refused("its signature is of no known kind"))?;
    if !SIGNATURES.contains(&alg) {
        return Err(refused("its signature is of a kind that is not believed"));
    }
    let (message, signature) = (format!("{head}.{claims}"), decoded(signature)?);
    let may_be = |key: &&Value| {
        let named = read.kid.as_ref().is_none_or(|kid| key["kid"].as_str() == Some(kid));
        named && key["use"].as_str().is_none_or(|what| what == "sig") && (key["alg"].is_null() || key["alg"] == read.alg)
    };
    if keys.iter().filter(may_be).any(|key| is_by(key, &alg, message.as_bytes(), &signature)) {
        decoded(claims)
    } else {
        Err(refused("no key of the provider has signed it"))
    }
}

/// Whether a key has signed a message.
fn is_by(key: &Value, alg: &Alg, message: &[u8], signature: &[u8]) -> bool {
    if *alg == Alg::EcdsaP521Sha512 {
        return is_by_p521(key, message, signature).is_some();
    }
    // One that cannot be read is another program's.
    let Ok(key) = serde_json::from_value::<CoreJsonWebKey>(key.clone()) else { return false };
    key.verify_signature(alg, message, signature).is_ok()
}

/// The same for the curve that openidconnect leaves out (RFC 7518, section 3.4).
fn is_by_p521(key: &Value, message: &[u8], signature: &[u8]) -> Option<()> {
    let coordinate = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok()?;
        Some([vec![0; P521.checked_sub(bytes.len())?], bytes].concat())
    };
    if key["kty"] != "EC" || key["crv"] != "P-521" {
        return None;
    }
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    VerifyingKey::from_sec1_bytes(&point).ok()?.verify(message, &Signature::from_slice(signature).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use p521::ecdsa::{SigningKey, signature::Signer};
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair},
    };
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    fn coded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A key, and what signs with it.
    type Pair = (Value, Box<dyn Fn(&[u8]) -> Vec<u8>>);

    fn on_ring(algorithm: &'static EcdsaSigningAlgorithm, curve: &str) -> Pair {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref()[1..].to_vec();
        let (x, y) = point.split_at(point.len() / 2);
        let key = json!({ "kty": "EC", "crv": curve, "kid": "one", "x": coded(x), "y": coded(y) });
        (key, Box::new(move |message| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()))
    }

    fn on_p521() -> Pair {
        let mut secret = [0; P521];
        secret[1..].fill(7);
        let pair = SigningKey::from_slice(&secret).unwrap();
        let point = pair.verifying_key().to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(P521);
        let key = json!({ "kty": "EC", "crv": "P-521", "kid": "one", "x": coded(x), "y": coded(y) });
        (
            key,
            Box::new(move |message| {
                let signature: Signature = pair.sign(message);
                signature.to_bytes().to_vec()
            }),
        )
    }

    fn token(alg: &str, sign: &dyn Fn(&[u8]) -> Vec<u8>, claims: &Value) -> String {
        let message = format!("{}.{}", coded(json!({ "alg": alg, "kid": "one" }).to_string().as_bytes()), coded(claims.to_string().as_bytes()));
        format!("{message}.{}", coded(&sign(message.as_bytes())))
    }

    fn claims() -> Value {
        json!({ "iss": "https://id.example", "sub": "ada", "aud": "hub", "exp": NOW + 300, "iat": NOW, "nonce": "n" })
    }

    fn wanted() -> Wanted<'static> {
        Wanted { issuer: "https://id.example", client: "hub", nonce: "n", now: NOW, proved_since: None }
    }

    #[test]
    fn signatures_on_all_three_curves_are_believed_and_no_others() {
        let pairs = [
            ("ES256", on_ring(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")),
            ("ES384", on_ring(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")),
            ("ES512", on_p521()),
        ];
        for (alg, (key, sign)) in &pairs {
            let good = token(alg, sign, &claims());
            assert_eq!(subject(&good, std::slice::from_ref(key), &wanted()).unwrap(), "ada", "{alg}");
            // Among keys that are nobody's to read, and for other ends.
            let others = [json!({ "kty": "new" }), json!(5), json!({ "kty": "EC", "kid": "one", "use": "enc" }), key.clone()];
            assert!(subject(&good, &others, &wanted()).is_ok());
            let mut sealing = key.clone();
            sealing["use"] = json!("enc");
            assert!(subject(&good, &[sealing], &wanted()).is_err());
            for (other, (key, _)) in pairs.iter().filter(|(other, _)| other != alg) {
                assert!(subject(&good, std::slice::from_ref(key), &wanted()).is_err(), "{alg} by a key of {other}");
                assert!(subject(&token(other, sign, &claims()), std::slice::from_ref(key), &wanted()).is_err(), "{alg} said to be {other}");
            }
            let (head, rest) = good.split_once('.').unwrap();
            for forged in [format!("{head}.{rest}x"), format!("{head}.{}", rest.split('.').next().unwrap()), format!("{good}.{rest}"), String::new()] {
                assert!(subject(&forged, std::slice::from_ref(key), &wanted()).is_err());
            }
            for head in
                [json!({ "alg": "none" }), json!({ "alg": "HS256" }), json!({ "alg": alg, "crit": ["b64"] }), json!({ "alg": alg, "kid": "two" }), json!({})]
            {
                let message = format!("{}.{}", coded(head.to_string().as_bytes()), coded(claims().to_string().as_bytes()));
                let forged = format!("{message}.{}", coded(&sign(message.as_bytes())));
                assert!(subject(&forged, std::slice::from_ref(key), &wanted()).is_err(), "{head}");
            }
        }
    }

    /// What a provider tells, and since when it must have been proved.
    type Told = (fn(&mut Value), Option<i64>);

    #[test]
    fn claims_are_read_as_providers_send_them() {
        let (key, sign) = on_p521();
        let ask = |tell: fn(&mut Value), since: Option<i64>| {
            let mut claims = claims();
            tell(&mut claims);
            subject(&token("ES512", &sign, &claims), std::slice::from_ref(&key), &Wanted { proved_since: since, ..wanted() }).is_ok()
        };
        let good: [Told; 9] = [
            (|c| c["exp"] = json!(NOW - 59), None),
            (|c| c["exp"] = json!(NOW as f64 + 0.5), None),
            (|c| c["exp"] = json!((NOW + 5).to_string()), None),
            (|c| c["aud"] = json!(["hub"]), None),
            (|c| (c["aud"], c["azp"]) = (json!(["other", "hub"]), json!("hub")), None),
            (|c| c["azp"] = json!("hub"), None),
            (|c| c["azp"] = Value::Null, None),
            (
                |c| (c["email_verified"], c["amr"], c["address"], c["updated_at"], c["acr"]) = (json!("yes"), json!("pwd"), json!(7), json!("now"), json!(1)),
                None,
            ),
            (|c| c["auth_time"] = json!((NOW - 59).to_string()), Some(NOW)),
        ];
        assert!(good.into_iter().all(|(tell, since)| ask(tell, since)), "{:?}", good.map(|(tell, since)| ask(tell, since)));
        let bad: [Told; 14] = [
            (|c| c["exp"] = json!(NOW - 60), None),
            (|c| drop(c.as_object_mut().unwrap().remove("exp")), None),
            (|c| c["exp"] = json!("soon"), None),
            (|c| c["aud"] = json!("other"), None),
            (|c| c["aud"] = json!(["other", "hub"]), None),
            (|c| (c["aud"], c["azp"]) = (json!(["other", "hub"]), json!("other")), None),
            (|c| (c["aud"], c["azp"]) = (json!(["other"]), json!("hub")), None),
            (|c| c["azp"] = json!("other"), None),
            (|c| c["azp"] = json!(["hub"]), None),
            (|c| c["iss"] = json!("https://id.example/"), None),
            (|c| c["nonce"] = json!("m"), None),
            (|c| drop(c.as_object_mut().unwrap().remove("nonce")), None),
            (|_| (), Some(NOW)),
            (|c| c["auth_time"] = json!(NOW - 61), Some(NOW)),
        ];
        assert!(!bad.into_iter().any(|(tell, since)| ask(tell, since)), "{:?}", bad.map(|(tell, since)| ask(tell, since)));
    }
}
