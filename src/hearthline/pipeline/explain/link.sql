SELECT * FROM links WHERE link = $link
