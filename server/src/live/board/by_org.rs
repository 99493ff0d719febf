//! Something of each organisation, in pieces that one board shares with the next: a board is made for every beat of the live view, and few organisations are
//! other than on the one before.

use domain::OrgId;
use std::sync::Arc;

/// Organisations in a piece. A copy of 5,000 takes some eighty pointers, and a change copies one piece.
const PIECE: usize = 64;

type Piece<T> = Vec<(OrgId, Arc<T>)>;

/// By number, ascending. Copies are cheap, and share what neither changes.
#[derive(Clone, Debug)]
pub(super) struct ByOrg<T> {
    /// None is empty.
    pieces: Vec<Arc<Piece<T>>>,
}

impl<T> Default for ByOrg<T> {
    fn default() -> Self {
        Self { pieces: vec![] }
    }
}

impl<T> ByOrg<T> {
    /// The piece that has an organisation, or would have it.
    fn piece_of(&self, org: OrgId) -> usize {
        self.pieces.partition_point(|piece| piece.first().is_some_and(|(first, _)| *first <= org)).saturating_sub(1)
    }

    /// Where an organisation is: the piece, and the place in it.
    fn place_of(&self, org: OrgId) -> Option<(usize, usize)> {
        let piece = self.piece_of(org);
        let place = self.pieces.get(piece)?.binary_search_by_key(&org, |(id, _)| *id).ok()?;
        Some((piece, place))
    }

    pub fn get(&self, org: &OrgId) -> Option<&Arc<T>> {
        let (piece, place) = self.place_of(*org)?;
        Some(&self.pieces[piece][place].1)
    }

    pub fn get_mut(&mut self, org: &OrgId) -> Option<&mut Arc<T>> {
        let (piece, place) = self.place_of(*org)?;
        Some(&mut Arc::make_mut(&mut self.pieces[piece])[place].1)
    }

    /// Puts one in, or another in its place.
    pub fn insert(&mut self, org: OrgId, value: Arc<T>) {
        let no = self.piece_of(org);
        let is_last = no + 1 >= self.pieces.len();
        let Some(piece) = self.pieces.get_mut(no) else { return self.pieces.push(Arc::new(vec![(org, value)])) };
        let piece = Arc::make_mut(piece);
        match piece.binary_search_by_key(&org, |(id, _)| *id) {
            Ok(place) => piece[place].1 = value,
            Err(place) => piece.insert(place, (org, value)),
        }
        if piece.len() > PIECE {
            // Most come with the highest number: what is before it stays full.
            let rest = piece.split_off(if is_last { PIECE } else { PIECE / 2 });
            self.pieces.insert(no + 1, Arc::new(rest));
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = &OrgId> {
        self.pieces.iter().flat_map(|piece| piece.iter().map(|(id, _)| id))
    }

    pub fn values(&self) -> impl Iterator<Item = &Arc<T>> {
        self.pieces.iter().flat_map(|piece| piece.iter().map(|(_, value)| value))
    }

    /// To change many: no piece is shared with another copy any more.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&OrgId, &mut Arc<T>)> {
        self.pieces.iter_mut().flat_map(|piece| Arc::make_mut(piece).iter_mut().map(|(id, value)| (&*id, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn all(map: &ByOrg<i64>) -> Vec<(i64, i64)> {
        map.keys().zip(map.values()).map(|(id, value)| (id.0, **value)).collect()
    }

    #[test]
    fn it_holds_what_a_map_would_hold() {
        let (mut map, mut plain) = (ByOrg::default(), BTreeMap::new());
        // In order, between others, before all, and again.
        for id in (0..500).map(|n| n * 3).chain((0..700).map(|n| n * 7 % 1_500)).chain([-5, -4, 9_999]) {
            map.insert(OrgId(id), Arc::new(id * 2));
            plain.insert(id, id * 2);
        }
        assert_eq!(all(&map), plain.clone().into_iter().collect::<Vec<_>>());
        for id in -10..1_510 {
            assert_eq!(map.get(&OrgId(id)).map(|value| **value), plain.get(&id).copied(), "{id}");
            assert_eq!(map.get_mut(&OrgId(id)).is_some(), plain.contains_key(&id), "{id}");
        }
        assert!(map.pieces.iter().all(|piece| (1..=PIECE).contains(&piece.len())));
        for (id, value) in map.iter_mut() {
            *value = Arc::new(id.0);
        }
        assert!(all(&map).iter().all(|(id, value)| id == value));
        assert!(ByOrg::<i64>::default().get(&OrgId(1)).is_none());
    }

    #[test]
    fn a_copy_shares_all_pieces_but_the_changed() {
        let mut map = ByOrg::default();
        (0..1_000).for_each(|id| map.insert(OrgId(id), Arc::new(id)));
        let mut copy = map.clone();
        *Arc::make_mut(copy.get_mut(&OrgId(500)).expect("there")) = -1;
        let shared = map.pieces.iter().zip(&copy.pieces).filter(|(old, new)| Arc::ptr_eq(old, new)).count();
        assert_eq!((map.pieces.len(), shared), (1_000_usize.div_ceil(PIECE), map.pieces.len() - 1));
        assert_eq!((map.get(&OrgId(500)).map(|v| **v), copy.get(&OrgId(500)).map(|v| **v)), (Some(500), Some(-1)));
    }
}
