//! The keys that requests are signed with. One follows from secret, day, region and service by four
//! HMACs, which is more than all other work of a signature, so keys are kept.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_credential_types::Credentials;

use super::crypto::{Hex, HmacKey};

/// How many keys are kept: one for each of the secrets in use, which are few unless every tenant of
/// a service has some. Looking through 64 costs 2,200 instructions, and deriving one 53,600, by
/// callgrind.
const KEPT: usize = 64;

/// What a key is good for, besides the secret that it is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct CredentialScope<'a> {
    /// Such as `20261122`.
    pub(super) day: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// The keys in use, the newest first. They are read without locks.
#[derive(Default)]
pub(crate) struct Keys(ArcSwap<Vec<Arc<SigningKey>>>);

/// A key, and what it is good for.
pub(super) struct SigningKey {
    /// Shares the memory of the secret with the SDK, which clears it with the last of the copies.
    credentials: Credentials,
    day: String,
    region: String,
    service: String,
    /// As a signature names it, such as `20261122/us-east-1/dynamodb/aws4_request`.
    pub(super) scope: String,
    key: HmacKey,
}

impl Keys {
    /// What `sign` makes with the key for these credentials and this scope.
    pub(super) fn with<T>(
        &self,
        credentials: &Credentials,
        scope: CredentialScope<'_>,
        sign: impl FnOnce(&SigningKey) -> T,
    ) -> T {
        let kept = self.0.load();
        if let Some(key) = kept.iter().find(|key| key.is_for(credentials, scope)) {
            return sign(key);
        }
        let new = Arc::new(SigningKey::derive(credentials, scope));
        self.keep(&new, credentials, scope);
        sign(&new)
    }

    fn keep(&self, new: &Arc<SigningKey>, credentials: &Credentials, scope: CredentialScope<'_>) {
        self.0.rcu(|kept| {
            if kept.iter().any(|key| key.is_for(credentials, scope)) {
                // Another thread was faster.
                return Arc::clone(kept);
            }
            let others = kept.iter().filter(|key| key.day == scope.day);
            let all = std::iter::once(new).chain(others.take(KEPT - 1));
            Arc::new(all.cloned().collect())
        });
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.0.load().len();
        f.debug_struct("Keys").field("kept", &kept).finish()
    }
}

impl SigningKey {
    fn derive(credentials: &Credentials, scope: CredentialScope<'_>) -> Self {
        let secret = ["AWS4", credentials.secret_access_key()].concat();
        let key = HmacKey::new(secret.as_bytes())
            .derive(scope.day.as_bytes())
            .derive(scope.region.as_bytes())
            .derive(scope.service.as_bytes())
            .derive(b"aws4_request");
        Self {
            credentials: credentials.clone(),
            day: scope.day.to_owned(),
            region: scope.region.to_owned(),
            service: scope.service.to_owned(),
            scope: [scope.day, scope.region, scope.service, "aws4_request"].join("/"),
            key,
        }
    }

    pub(super) fn sign(&self, text: &[u8]) -> Hex {
        self.key.sign(text)
    }

    fn is_for(&self, credentials: &Credentials, scope: CredentialScope<'_>) -> bool {
        self.credentials.secret_access_key() == credentials.secret_access_key()
            && self.day == scope.day
            && self.region == scope.region
            && self.service == scope.service
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const SCOPE: CredentialScope<'_> =
        CredentialScope { day: "20150830", region: "us-east-1", service: "iam" };

    fn credentials(access_key: &str, secret: &str) -> Credentials {
        Credentials::new(access_key, secret, None, None, "test")
    }

    fn signed(keys: &Keys, credentials: &Credentials, scope: CredentialScope<'_>) -> String {
        keys.with(credentials, scope, |key| key.sign(b"text")).as_str().to_owned()
    }

    /// What a key that was not kept signs.
    fn expected(credentials: &Credentials, scope: CredentialScope<'_>) -> String {
        signed(&Keys::default(), credentials, scope)
    }

    fn kept(keys: &Keys) -> usize {
        keys.0.load().len()
    }

    /// The example of AWS's "Examples of how to derive a signing key for Signature Version 4", as
    /// the HMAC of nothing.
    #[test]
    fn the_key_is_that_of_the_example() {
        let credentials = credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let scope = CredentialScope { day: "20120215", ..SCOPE };
        let key: [u8; 32] = [
            0xf4, 0x78, 0x0e, 0x2d, 0x9f, 0x65, 0xfa, 0x89, 0x5f, 0x9c, 0x67, 0xb3, 0x2c, 0xe1,
            0xba, 0xf0, 0xb0, 0xd8, 0xa4, 0x35, 0x05, 0xa0, 0x00, 0xa1, 0xa9, 0xe0, 0x90, 0xd4,
            0x14, 0xdb, 0x40, 0x4d,
        ];
        assert_eq!(
            signed(&Keys::default(), &credentials, scope),
            HmacKey::new(&key).sign(b"text").as_str()
        );
    }

    #[test]
    fn a_key_is_derived_once() {
        let keys = Keys::default();
        let alice = credentials("alice", "secret");
        signed(&keys, &alice, SCOPE);
        let first = Arc::clone(&keys.0.load()[0]);
        // Credentials that were resolved anew are others in memory.
        assert_eq!(signed(&keys, &credentials("alice", "secret"), SCOPE), expected(&alice, SCOPE));
        assert_eq!(kept(&keys), 1);
        assert!(Arc::ptr_eq(&first, &keys.0.load()[0]));
    }

    #[test]
    fn a_key_that_two_threads_derive_at_once_is_kept_once() {
        let keys = Keys::default();
        let alice = credentials("alice", "secret");
        for _ in 0..2 {
            keys.keep(&Arc::new(SigningKey::derive(&alice, SCOPE)), &alice, SCOPE);
        }
        assert_eq!(kept(&keys), 1);
    }

    #[test]
    fn whatever_differs_has_another_key() {
        let keys = Keys::default();
        let (alice, rotated) = (credentials("alice", "secret"), credentials("alice", "rotated"));
        let mut all = Vec::new();
        for (credentials, scope) in [
            (&alice, SCOPE),
            (&rotated, SCOPE),
            (&alice, CredentialScope { region: "eu-west-1", ..SCOPE }),
            (&alice, CredentialScope { service: "dynamodb", ..SCOPE }),
            (&alice, CredentialScope { day: "20150831", ..SCOPE }),
        ] {
            let signature = signed(&keys, credentials, scope);
            assert_eq!(signature, expected(credentials, scope));
            assert!(!all.contains(&signature));
            all.push(signature);
        }
    }

    #[test]
    fn a_new_day_drops_the_keys_of_the_old_one() {
        let keys = Keys::default();
        let (alice, bob) = (credentials("alice", "a"), credentials("bob", "b"));
        signed(&keys, &alice, SCOPE);
        signed(&keys, &bob, SCOPE);
        let tomorrow = CredentialScope { day: "20150831", ..SCOPE };
        assert_eq!(signed(&keys, &alice, tomorrow), expected(&alice, tomorrow));
        assert_eq!(kept(&keys), 1);
        assert_eq!(signed(&keys, &bob, SCOPE), expected(&bob, SCOPE));
    }

    #[test]
    fn no_more_keys_are_kept_than_the_limit() {
        let keys = Keys::default();
        let many: Vec<_> =
            (0..2 * KEPT).map(|i| credentials("tenant", &format!("secret{i}"))).collect();
        for credentials in &many {
            signed(&keys, credentials, SCOPE);
        }
        assert_eq!(kept(&keys), KEPT);
        let newest = keys.0.load();
        for credentials in &many[KEPT..] {
            assert!(newest.iter().any(|key| key.is_for(credentials, SCOPE)));
        }
    }

    #[test]
    fn credentials_that_are_in_use_together_all_stay() {
        let keys = Keys::default();
        let many: Vec<_> =
            (0..KEPT).map(|i| credentials("tenant", &format!("secret{i}"))).collect();
        many.iter().for_each(|c| drop(signed(&keys, c, SCOPE)));
        let before = keys.0.load_full();
        many.iter().for_each(|c| drop(signed(&keys, c, SCOPE)));
        assert!(Arc::ptr_eq(&before, &keys.0.load_full()));
    }

    #[test]
    fn threads_that_share_the_keys_sign_as_alone() {
        let keys = Keys::default();
        // More than are kept, so that keys come and go all the time.
        let many: Vec<_> =
            (0..KEPT + 8).map(|i| credentials("tenant", &format!("secret{i}"))).collect();
        let right: Vec<_> = many.iter().map(|c| expected(c, SCOPE)).collect();
        thread::scope(|scope| {
            for start in 0..4 {
                let (keys, many, right) = (&keys, &many, &right);
                scope.spawn(move || {
                    for i in 0..1000 {
                        let i = (start * 19 + i * (start + 1)) % many.len();
                        assert_eq!(signed(keys, &many[i], SCOPE), right[i]);
                    }
                });
            }
        });
        assert!(kept(&keys) <= KEPT);
        let all = keys.0.load();
        for key in all.iter() {
            let same = all.iter().filter(|k| k.is_for(&key.credentials, SCOPE));
            assert_eq!(same.count(), 1);
        }
    }

    #[test]
    fn secrets_and_keys_are_not_printed() {
        let keys = Keys::default();
        signed(&keys, &credentials("alice", "secret"), SCOPE);
        assert_eq!(format!("{keys:?}"), "Keys { kept: 1 }");
    }
}
