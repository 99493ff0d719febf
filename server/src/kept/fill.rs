//! Fills the fields of a form into its page, as they were typed.
//!
//! It reads pages that this program made: well-formed HTML with quoted attributes. What it does not understand, it leaves as it is.

use crate::card::escaped;

/// A piece of a page: text, or a tag with its attributes.
struct Piece<'a> {
    raw: &'a str,
    /// Lower case; empty for text. `/form` closes `form`.
    name: String,
    attributes: Vec<(String, Option<String>)>,
}

impl Piece<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    fn kind(&self) -> &str {
        self.get("type").unwrap_or("text")
    }

    fn set(&mut self, name: &str, value: Option<&str>) {
        self.attributes.retain(|(key, _)| key != name);
        self.attributes.push((name.to_owned(), value.map(str::to_owned)));
    }

    fn unset(&mut self, name: &str) {
        self.attributes.retain(|(key, _)| key != name);
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            if let Some(value) = value {
                out.push_str("=\"");
                out.push_str(&escaped(value));
                out.push('"');
            }
        }
        out.push('>');
    }
}

/// The page with the fields in the form that is sent to `action`; where there are several, in the one whose hidden fields are the same.
pub fn fill(html: &str, action: &str, fields: &[(String, String)]) -> String {
    let mut pieces = pieces(html);
    let Some((start, end)) = place(&pieces, action, fields) else { return html.to_owned() };
    let mut changed = vec![false; pieces.len()];
    for opened in around(&pieces[..start]) {
        if pieces[opened].get("open").is_none() {
            pieces[opened].set("open", Some(""));
            changed[opened] = true;
        }
    }
    let mut left: Vec<Option<&(String, String)>> = fields.iter().map(Some).collect();
    let mut take = |name: &str| left.iter_mut().find(|field| field.is_some_and(|(key, _)| key == name)).and_then(Option::take).map(|(_, value)| value.as_str());
    let has = |name: &str, value: &str| fields.iter().any(|(key, typed)| key == name && typed == value);
    let (mut select, mut area): (Option<String>, Option<usize>) = (None, None);
    let mut texts: Vec<Option<String>> = vec![None; pieces.len()];
    for at in start..end {
        let name = pieces[at].get("name").unwrap_or_default().to_owned();
        match (pieces[at].name.as_str(), pieces[at].kind()) {
            ("input", "hidden" | "submit" | "button" | "password" | "file" | "image" | "reset") => {}
            ("input", "checkbox" | "radio") => {
                let checked = has(&name, pieces[at].get("value").unwrap_or("on"));
                if checked {
                    pieces[at].set("checked", None)
                } else {
                    pieces[at].unset("checked")
                }
                changed[at] = true;
            }
            ("input", _) => {
                if let Some(value) = take(&name) {
                    pieces[at].set("value", Some(value));
                    changed[at] = true;
                }
            }
            ("select", _) => select = take(&name).map(str::to_owned),
            ("/select", _) => select = None,
            ("option", _) => {
                let Some(chosen) = &select else { continue };
                let text = pieces.get(at + 1).filter(|next| next.name.is_empty()).map(|next| unescaped(next.raw.trim()));
                let is = pieces[at].get("value").map(str::to_owned).or(text).is_some_and(|value| value == *chosen);
                if is {
                    pieces[at].set("selected", None)
                } else {
                    pieces[at].unset("selected")
                }
                changed[at] = true;
            }
            ("textarea", _) => {
                if let Some(value) = take(&name) {
                    // The first line end after the tag is none of its text.
                    texts[at] = Some(format!("\n{}", escaped(value)));
                    area = Some(at);
                }
            }
            ("/textarea", _) => area = None,
            ("", _) if area.is_some() => texts[at] = Some(String::new()),
            _ => {}
        }
    }
    let mut out = String::with_capacity(html.len() + 1_024);
    for (at, piece) in pieces.iter().enumerate() {
        match (&texts[at], changed[at]) {
            (Some(text), _) if piece.name.is_empty() => out.push_str(text),
            (Some(text), _) => {
                out.push_str(piece.raw);
                out.push_str(text);
            }
            (None, true) => piece.write(&mut out),
            (None, false) => out.push_str(piece.raw),
        }
    }
    out
}

/// Where the form stands: its tag, and what closes it.
fn place(pieces: &[Piece<'_>], action: &str, fields: &[(String, String)]) -> Option<(usize, usize)> {
    // What is asked with GET is another form, such as a filter.
    let sent = |p: &Piece<'_>| p.name == "form" && p.get("action") == Some(action) && p.get("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
    let starts = pieces.iter().enumerate().filter(|(_, p)| sent(p)).map(|(at, _)| at);
    let fits = |at: usize| {
        let end = at + pieces[at..].iter().position(|p| p.name == "/form")?;
        let hidden = pieces[at..end].iter().filter(|p| p.name == "input" && p.kind() == "hidden" && p.get("name") != Some("next"));
        let same = |p: &Piece<'_>| fields.iter().any(|(name, value)| p.get("name") == Some(name) && p.get("value").unwrap_or_default() == value);
        hidden.clone().all(same).then(|| (hidden.count(), (at, end)))
    };
    let all: Vec<_> = starts.filter_map(fits).collect();
    let most = all.iter().map(|(hidden, _)| *hidden).max()?;
    all.into_iter().find(|(hidden, _)| *hidden == most).map(|(_, place)| place)
}

/// The `details` that stand open around what follows.
fn around(pieces: &[Piece<'_>]) -> Vec<usize> {
    let mut open = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece.name.as_str() {
            "details" => open.push(at),
            "/details" => drop(open.pop()),
            _ => {}
        }
    }
    open
}

fn pieces(html: &str) -> Vec<Piece<'_>> {
    let text = |raw| Piece { raw, name: String::new(), attributes: vec![] };
    let (mut all, mut rest) = (Vec::new(), html);
    while let Some(at) = rest.find('<') {
        if at > 0 {
            all.push(text(&rest[..at]));
            rest = &rest[at..];
        }
        if rest.starts_with("<!") {
            let end = if rest.starts_with("<!--") { rest.find("-->").map(|end| end + 3) } else { rest.find('>').map(|end| end + 1) }.unwrap_or(rest.len());
            all.push(text(&rest[..end]));
            rest = &rest[end..];
            continue;
        }
        let Some((piece, after)) = tag(rest) else {
            all.push(text(rest));
            return all;
        };
        let name = piece.name.clone();
        all.push(piece);
        rest = after;
        // What stands in these is no markup.
        if ["script", "style", "textarea", "title"].contains(&name.as_str()) {
            let end = rest.find(&format!("</{name}")).unwrap_or(rest.len());
            if end > 0 {
                all.push(text(&rest[..end]));
                rest = &rest[end..];
            }
        }
    }
    if !rest.is_empty() {
        all.push(text(rest));
    }
    all
}

/// A tag at the beginning of a text, and what follows it.
fn tag(html: &str) -> Option<(Piece<'_>, &str)> {
    let name_end = html[1..].find(|c: char| c.is_whitespace() || c == '>' || (c == '/' && !html[1..].starts_with('/')))? + 1;
    let name = html[1..name_end].trim_end_matches('/').to_ascii_lowercase();
    let (mut at, mut attributes) = (name_end, Vec::new());
    loop {
        at += html[at..].find(|c: char| !c.is_whitespace() && c != '/')?;
        if html[at..].starts_with('>') {
            return Some((Piece { raw: &html[..=at], name, attributes }, &html[at + 1..]));
        }
        let end = at + html[at..].find(|c: char| c.is_whitespace() || c == '=' || c == '>' || c == '/')?;
        // A stray quote or the like: not from this program.
        if end == at {
            return None;
        }
        let key = html[at..end].to_owned();
        at = end;
        if !html[at..].starts_with('=') {
            attributes.push((key, None));
            continue;
        }
        at += 1;
        let quote = html[at..].chars().next().filter(|c| *c == '"' || *c == '\'');
        let value_end = match quote {
            Some(quote) => {
                at += 1;
                at + html[at..].find(quote)?
            }
            None => at + html[at..].find(|c: char| c.is_whitespace() || c == '>')?,
        };
        attributes.push((key, Some(unescaped(&html[at..value_end]))));
        at = value_end + usize::from(quote.is_some());
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_kind_of_field_comes_back_as_it_was() {
        let page = "<!DOCTYPE html><main><script>if (1 < 2) {}</script><details><summary>More</summary><form class=\"a\" method=\"post\" action=\"/x\">\
            <input name=\"name\" value=\"old\" required><input type=\"checkbox\" name=\"on\" value=\"yes\"/><input type=\"checkbox\" name=\"off\" checked>\
            <input type=\"radio\" name=\"r\" value=\"1\" checked><input type=\"radio\" name=\"r\" value=\"2\"><input type=\"password\" name=\"p\">\
            <select name=\"s\"><option value=\"a\" selected>A</option><option value=\"b\">B</option><option>c d</option></select>\
            <textarea name=\"t\">before <b></textarea></form></details><form method=\"get\" action=\"/x\"><input name=\"name\"></form><form method=\"post\" action=\"/y\"><input name=\"name\"></form></main>";
        let fields = typed(&[("name", "a \"<b>\" & c"), ("on", "yes"), ("r", "2"), ("s", "b"), ("t", "one\ntwo </textarea>"), ("p", "never")]);
        let filled = fill(page, "/x", &fields);
        for wanted in [
            "value=\"a &quot;&lt;b&gt;&quot; &amp; c\"",
            "name=\"on\" value=\"yes\" checked>",
            "<input type=\"checkbox\" name=\"off\">",
            "value=\"1\">",
            "value=\"2\" checked>",
            "<option value=\"a\">A",
            "<option value=\"b\" selected>B",
            "<option>c d",
            "<textarea name=\"t\">\none\ntwo &lt;/textarea&gt;</textarea>",
            "<details open=\"\">",
            "<input type=\"password\" name=\"p\">",
            "<form method=\"get\" action=\"/x\"><input name=\"name\"></form><form method=\"post\" action=\"/y\"><input name=\"name\"></form>",
            "if (1 < 2) {}",
        ] {
            assert!(filled.contains(wanted), "{wanted} in {filled}");
        }
        assert_eq!(fill(page, "/elsewhere", &fields), page);
        assert_eq!(fill(&fill(page, "/x", &fields), "/x", &fields), filled, "the same again");
    }

    #[test]
    fn of_several_forms_it_is_the_one_that_was_sent() {
        let one = |id: u8| {
            format!("<form action=\"/role\" method=\"post\"><input type=\"hidden\" name=\"id\" value=\"{id}\"/><input name=\"role\" value=\"x\"/></form>")
        };
        let page = [one(1), one(2), one(3)].concat();
        let filled = fill(&page, "/role", &typed(&[("id", "2"), ("role", "typed")]));
        assert_eq!(filled.matches("typed").count(), 1);
        assert!(filled.starts_with(&one(1)) && filled.ends_with(&one(3)), "{filled}");
        assert_eq!(fill(&page, "/role", &typed(&[("id", "9"), ("role", "typed")])), page, "a row that is gone");
    }

    #[test]
    fn what_is_no_page_of_ours_stays_as_it_is() {
        for odd in [
            "",
            "<",
            "<form action=\"/x\"",
            "<form method=post action='/x'><input name=a value=b></form>",
            "a < b",
            "<form action=\"/x\"><input \"></form>",
            "<é ö=\"ü\">",
        ] {
            let _ = fill(odd, "/x", &typed(&[("a", "c")]));
        }
        assert_eq!(
            fill("<form method=post action='/x'><input name=a value=b></form>", "/x", &typed(&[("a", "c")])),
            "<form method=post action='/x'><input name=\"a\" value=\"c\"></form>"
        );
    }
}
