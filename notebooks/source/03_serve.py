# ---
# crmlab:
#   number: "03"
#   name: serve
#   minutes: 210
#   title:
#     zh: 任务三：梳理客户信息，提供个性化服务
#     en: "Task three: from customer information to personalised service"
#   questions:
#     zh:
#       - 客户说了什么，又用行动说了什么？
#       - 表里的每一格，依据是什么？
#       - 哪些消息可以发，哪些不可以？
#     en:
#       - What do customers say, and what do they say by what they do?
#       - What is each cell of the table based on?
#       - Which messages may go out, and which may not?
#   objectives:
#     zh:
#       - 先去掉个人信息，再从评价、聊天和回访里找出需求，并引用原文
#       - 做出顾客ID、客户特征、个性化服务三列的表，每一格都有依据
#       - 比较三种对待低价值客户的办法，并保证谁也不会被自动排除
#       - 检查一本积分账，说出哪一行不对
#       - 发出一批守规矩的消息，并解释每一条被拒绝的原因
#     en:
#       - take personal data out first, then find needs in reviews, chats and follow-up notes and cite the words
#       - make the table of customer, features and service, with a reason for each cell
#       - compare three ways to treat customers of low value, and make sure that nobody is excluded automatically
#       - check a ledger of points and say which line is wrong
#       - send a batch of lawful messages and explain each refusal
#   key_points:
#     zh:
#       - 需求要引用原文；找不到就留空，不要编。“不用礼盒”也是需求：不要礼盒。
#       - 没有同意画像的客户得到标准服务，不是没有服务；谁要投诉，都能找到真人。
#       - 人改过的格子，重算之后还在；机器的新建议放在旁边。
#       - 同一等级，同一价格；积分余额永远不为负。
#       - 一条消息要过同意、退订、时段、次数四关，每个决定都留一行记录。
#       - 同一批消息跑两次，只发一次。
#     en:
#       - A need cites the words it rests on; where there are none, the cell stays empty. "No gift box" says something too - no gift box.
#       - A customer who did not agree to profiling gets the standard service, not no service; everybody with a complaint can reach a real person.
#       - A cell that a person changed stays changed when all is computed again; the new proposal stands beside it.
#       - One level, one price; a balance of points is never negative.
#       - A message passes consent, refusals, hours and frequency, and each decision leaves a line in the log.
#       - The same batch run twice is sent once.
# ---

# %% [markdown] lang="zh"
# ## 先问一个问题
#
# 明天是 618。小满杂货有八组客户，四位客服，和一笔不大的预算。
#
# 给所有人发同一张优惠券，最省事。**它对谁有用？对谁没用？谁收到会生气？**
#
# 先写下你的三个答案，这一课结束时再看。

# %% [markdown] lang="en"
# ## A question first
#
# Tomorrow is the 618 festival. Xiaoman Goods has eight groups of customers, four people in its service team and a small budget.
#
# The same coupon for everybody is the least work. **For whom is it useful? For whom not? Who will be annoyed?**
#
# Write down your three answers now, and look at them again at the end of the lesson.

# %% [markdown] lang="zh"
# 这一课分三段，可以分三次上：第一段是客户需要什么，第二段是怎样做计划，第三段是照计划去做。
#
# 参数在这里。`policy` 是对待低价值客户的办法，第二段会讲。`tables` 留空时，文件只写进临时文件夹，用完就删；写一个文件夹，例如 `"out/serve"`，计划表和发件箱就留在那里，可以打开看。

# %% [markdown] lang="en"
# This lesson has three parts, and you may take them in three sittings: part one is what customers need, part two how to plan, part three how to carry it out.
#
# Here are the parameters. `policy` is the way to treat customers of low value; part two explains it. With `tables` empty the files go to a temporary folder and are deleted afterwards; with a folder such as `"out/serve"` the plan and the outbox stay there, and you can open them.

# %% tags=["parameters"]
lang = "zh"
data = "teaching"
as_of = ""
window = 365
policy = "activate"
personalised = True
seed = 618
tables = ""

# %% tags=["setup"]
import datetime as dt
import tempfile
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from crmlab import check_settings, open_data, show, type_customers
from crmlab.collect import with_consent

settings = check_settings(lang=lang, data=data, as_of=as_of, window=window, policy=policy,
                          personalised=personalised, seed=seed, tables=tables)
shop = open_data(settings)

# %% [markdown] lang="zh"
# 先给客户分类型，和任务二一样。再看看这一课要用的资料有没有：没有的，后面会说缺了什么，不会编。

# %% [markdown] lang="en"
# First we type the customers, as in task two. Then we look whether the sources of this lesson are there. Where one is missing, the lesson says so and invents nothing.

# %% tags=["nbval-check-output"]
show.theme()
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
sources = shop.overview(lang)
wanted = ["customers", "consents", "texts", "events", "service_records", "campaigns", "suppressions"]
show.table(sources[sources["table"].isin(wanted)], lang)

# %% [markdown] lang="zh"
# ## 第一段：客户需要什么
#
# ### 先去掉个人信息
#
# 评价、聊天和回访记录里，有人会写下电话、邮箱和姓名。分析需求用不着这些，所以第一步是去掉：留下一个标记，说明这里原来有什么，不说是多少。
#
# 只读同意分析的客户写的话。

# %% [markdown] lang="en"
# ## Part one: what customers need
#
# ### First take personal data out
#
# In reviews, chats and follow-up notes some people write phone numbers, mail addresses and names. To learn about needs we do not want them, so the first step takes them out: a mark stays that says what stood there, and not what it was.
#
# Only the words of customers who agreed to analysis are read.

# %% tags=["nbval-check-output"]
from crmlab.needs import asked_needs, declined_needs, find_needs, read_texts


@cache
def said():
    return read_texts(shop, lang)

show.tried(lambda: show.text(said().describe(lang)), lang)

# %% [markdown] lang="zh"
# ### 他们说了什么
#
# 一张可以修改的词表（`crmlab/needs/lexicon.csv`）去找需求和抱怨（表里写作“投诉”）。每条都引用原文里的几个字，还有是哪一段文本。谁都可以回去核对。

# %% [markdown] lang="en"
# ### What they say
#
# A list of words that you can edit (`crmlab/needs/lexicon.csv`) finds needs and complaints. Each finding cites the words and names the text they stand in, so anybody can go back and check.

# %% tags=["nbval-check-output"]
@cache
def found():
    return find_needs(said().texts, lang)

shown = ["customer_id", "text_id", "kind", "tag", "span", "negated"]
show.tried(lambda: show.table(found()[shown], lang, rows=8, sortable=True), lang)

# %% [markdown] lang="zh"
# **试一试：一个“不”字。** 下面四句话里都有“礼盒”“破损”这样的词。先自己判断：谁要礼盒？谁在抱怨？再运行。

# %% [markdown] lang="en"
# **Try it: one little "no".** Each of these four sentences has a word such as "gift box" or "damaged". Decide first by yourself: who wants a gift box, and who complains? Then run it.

# %% tags=["nbval-check-output"]
said_by = {
    "zh": ["有没有低因的？", "礼盒就不用了，谢谢。", "包装没有破损，很快就到了。", "不是不要礼盒，是没看到。"],
    "en": ["Is there a decaf?", "No gift box needed, thanks.",
           "The parcel was not damaged and came fast.", "I did ask for a gift box."],
}[lang]
four = pd.DataFrame({"text_id": ["1", "2", "3", "4"], "customer_id": "-", f"text_{lang}": said_by})
show.table(find_needs(four, lang)[["text_id", "kind", "tag", "span", "negated"]], lang)

# %% [markdown] lang="zh"
# 被否定的需求是一条真正的信息：这位客户不要礼盒，计划里就不能给。被否定的抱怨是表扬。
#
# 词表看不懂的句子还有很多，比如反话。所以它说的每一句都引用原文，由人来核对。
#
# **有多少客户提到每种需求？**

# %% [markdown] lang="en"
# A need that is declined is real information: this customer wants no gift box, and the plan must not give one. A complaint that is negated is praise.
#
# There are many sentences that a list of words does not understand, irony for one. So all that it says cites the words, and people check it.
#
# **How many customers name each need?**

# %%
show.tried(lambda: show.needs_named(found(), said().texts, lang), lang)

# %% [markdown] lang="zh"
# **谁提到什么？** 把需求和类型放在一起看。写过文本的客户不到 20 位的组合不画。画出来的也要小心：用比例乘一乘底下的人数，看看那是几个人。几个人说的话，不代表一类人。

# %% [markdown] lang="en"
# **Who names what?** Needs beside types. Combinations with fewer than 20 customers who wrote are left out. Be careful with the others too: multiply the share by the number below, and see how many people that is. What a few people say does not stand for a type.

# %%
show.tried(lambda: show.needs_by_marks(asked_needs(found()), said().texts, result, lang), lang)

# %% [markdown] lang="zh"
# ### 好话还是坏话
#
# 评价还带着星级。用词表给每条评价打分，再和星级比：两样说法合得上吗？合不上的，往往最值得读。

# %% [markdown] lang="en"
# ### Praise or blame
#
# Reviews come with stars. We score each review by its words and lay the scores beside the stars: do the two agree? Where they do not, reading pays most.

# %% tags=["nbval-check-output"]
from crmlab.needs import compare_stars, sentiment


@cache
def stars():
    return compare_stars(sentiment(said().texts, lang), said().texts)

show.tried(lambda: show.table(stars().table, lang), lang)

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(stars().describe(lang)), lang)

# %% [markdown] lang="zh"
# **哪些合不上？** 连同原文一起看。

# %% [markdown] lang="en"
# **Where do they not agree?** We look at those together with their text.

# %%
def apart():
    texts = said().texts.rename(columns={f"text_{lang}": "text"})[["text_id", "text"]]
    return stars().apart.merge(texts, on="text_id")[["stars", "sentiment", "score", "words", "text"]]

show.tried(lambda: show.table(apart(), lang, rows=4), lang)

# %% [markdown] lang="zh"
# 读一读这几句：是客户说反话，还是机器读错了？星级和词表不一致时，先怀疑机器。

# %% [markdown] lang="en"
# Read them: does the customer mean the opposite, or did the machine misread? Where stars and words differ, suspect the machine first.

# %% [markdown] lang="zh"
# ### 他们看了又看，却没有买
#
# 有些需求没有说出口：同一个品类看了很多次，比自己看别的品类都多，却一次也没有买。这叫潜在需求，只是候选，要问过才知道。

# %% [markdown] lang="en"
# ### What they look at and never buy
#
# Some needs are not said at all: a category looked at many times, more than the same person looks at others, and never bought. We call it a latent need. It is only a candidate until somebody asks.

# %% tags=["nbval-check-output"]
from crmlab.care.interest import VIEW
from crmlab.needs import latent_needs

events = shop.table("events").reindex(columns=VIEW)


@cache
def latent():
    seen = events
    if shop.has("consents"):
        seen = with_consent(events, shop.table("consents"), purpose="analysis", on=shop.as_of).kept
    return latent_needs(seen, shop.orders, shop.table("products"))

show.tried(lambda: show.table(latent().table, lang, rows=5), lang)

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(latent().describe(lang)), lang)

# %% [markdown] lang="zh"
# ### 另一种方法：让机器自己学
#
# 词表是人写的。也可以把标好的句子交给分类器，让它自己学。怎么比？
#
# - **查准率**：找到的里面，有多少是对的。
# - **查全率**：真正有的里面，找到了多少。
# - **F1**：把两个数合成一个；两个里有一个低，它就低。
#
# 要知道对不对，得有标准答案。这里的答案是造数据时埋下的；真的店里没有，要由人来标。**先猜一猜：词表和分类器，哪个的查全率高？**

# %% [markdown] lang="en"
# ### Another method: let the machine learn
#
# People wrote the list of words. One can also hand labelled sentences to a classifier and let it learn. How do we compare them?
#
# - **Precision**: of what was found, how much is right.
# - **Recall**: of what is there, how much was found.
# - **F1**: both in a single number; when either is low, it is low.
#
# To tell what is right we need the answers. Here they were planted when the data were made; a real shop has none until people code some. **Guess first: which has the higher recall, the list or the classifier?**

# %%
from crmlab.needs import compare_methods


def methods():
    texts, truth = said().texts, shop.planted("needs")
    found = compare_methods(texts, truth[truth["text_id"].isin(texts["text_id"])], lang)
    return found[["method", "in_truth", "found", "right", "precision", "recall", "f1"]]

show.tried(lambda: show.table(methods(), lang), lang)

# %% [markdown] lang="zh"
# 别急着说词表赢了。写词表的人见过这些句子，所以第一行靠不住。第三行的分类器也是背答案：造出来的句子会重复，训练时见过。只有第二行没有见过。请同一位作者用别的说法另写一批句子，词表的查全率就不到一半，分类器也差不多（见 docs/needs.md）。所以：机器先读一遍，人再抽查。

# %% [markdown] lang="en"
# Do not call the list the winner yet. Whoever wrote it knew these sentences, so line one promises little. The classifier in line three knows the answers by heart too: made sentences repeat. Only line two is new to it. On sentences that the same author later wrote in other words, the list finds half of the needs or fewer, and so does the classifier (see docs/needs.md). So let the machine read first, and let people check a sample.

# %% [markdown] lang="zh"
# **抱怨呢？** 抱怨也有埋下的答案。先猜：哪一种抱怨最难找全？

# %% [markdown] lang="en"
# **And complaints?** The answers for them were planted too. Guess first: which kind is hardest to find in full?

# %%
from crmlab.needs import score_tags


def complaint_scores():
    rows = found()[(found()["kind"] == "complaint") & ~found()["negated"]]
    rows = rows.rename(columns={"tag": "complaint"})
    truth = shop.planted("complaints")
    scores = score_tags(rows, truth[truth["text_id"].isin(said().texts["text_id"])], tag="complaint")
    return scores[["complaint", "in_truth", "found", "right", "precision", "recall", "f1"]]

show.tried(lambda: show.table(complaint_scores(), lang), lang)

# %% [markdown] lang="zh"
# 这些数同样好得过头：写词表的人见过这些句子。抱怨的说法没有尽头，换成新写的句子，找到的比需求还少（见 docs/needs.md）。

# %% [markdown] lang="en"
# These figures flatter just as much: whoever wrote the list knew the sentences. There is no end of ways to complain, and of new sentences the list finds even fewer than of needs (see docs/needs.md).

# %% [markdown] lang="zh"
# 潜在需求也能这样量：埋下了几个，找到了几个？只算同意分析的客户。埋的人知道找的规则，所以这里的数也好得过头。

# %% [markdown] lang="en"
# Latent needs can be measured in the same way: how many were planted, and how many found? Only customers who agreed to analysis count. Whoever planted them knew the rule by which we look, so these figures flatter as well.

# %%
def latent_scores():
    truth = shop.planted("latent")
    if shop.has("consents"):
        truth = with_consent(truth, shop.table("consents"), purpose="analysis", on=shop.as_of).kept
    scores = score_tags(latent().table, truth, tag="category", unit="customer_id")
    return scores.tail(1)[["in_truth", "found", "right", "precision", "recall", "f1"]]

show.tried(lambda: show.table(latent_scores(), lang), lang)

# %% [markdown] lang="zh"
# ### 还要人来看
#
# 机器对不对，要由人来说。抽 30 条，打印出来，两个人各自标一遍，再和机器比。一致的程度用 Krippendorff 的 α 表示，读法和上面的 κ 一样：1 是完全一致，0 是和碰运气一样。

# %% [markdown] lang="en"
# ### People look at it too
#
# Whether the machine is right is for people to say. Draw 30 texts, let two people code them without looking at each other, and compare with the machine. Agreement is given as Krippendorff's α, which reads like the κ above: 1 is full agreement, 0 is what chance would reach.

# %%
from crmlab.needs import coding_sheet, compare_sheets


def sheet():
    return coding_sheet(said().texts, 30, lang, seed=settings.seed)

show.tried(lambda: show.table(sheet()[["text_id", "text"]], lang, rows=4), lang)

# %% [markdown] lang="zh"
# 这里没有人来标，就用埋下的答案代替：好像有一位细心的人标过这 30 条。真的做的时候，读进两个人标好的表（`read_sheet`），一起交给 `compare_sheets`。和上面一样，写词表的人见过这些句子，所以这里一致得过头。

# %% [markdown] lang="en"
# Nobody codes the sheet here, so the planted answers stand in for it: as if a careful person had coded these 30. In earnest, read two coded sheets (`read_sheet`) and hand both to `compare_sheets`. As above, whoever wrote the list knew these sentences, so they agree more than they would elsewhere.

# %%
def coded():
    drawn = sheet()
    needs = drawn.columns.drop(["text_id", "text", "done"])
    cells = pd.MultiIndex.from_product([drawn["text_id"], needs], names=["text_id", "need"])
    truth = pd.MultiIndex.from_frame(shop.planted("needs")[["text_id", "need"]])
    return cells.to_frame(index=False).assign(tagged=cells.isin(truth))


def agreement():
    return compare_sheets({"coder_1": coded()}, found()).describe(lang)

show.tried(lambda: show.text(agreement()), lang)

# %% [markdown] lang="zh"
# ## 第二段：做计划
#
# ### 谁同意了画像
#
# 按特征服务，就是在给人画像。按类型挑人也是画像，所以只从同意画像的客户里挑：同意了用途 `"profiling"` 的客户才有特征。其他人得到标准服务：商品目录人人相同，有问题一样能找真人。

# %% [markdown] lang="en"
# ## Part two: the plan
#
# ### Who agreed to be profiled
#
# To serve by features is to profile people. To choose by type is profiling too, so we choose among those who agreed to it: only customers who agreed to `"profiling"` have features. All others get the standard service: the same catalogue for everybody, and a real person for questions.

# %% tags=["nbval-check-output"]
from crmlab.words import word

customer = shop.columns["customer"]
typed = result.customers.rename(columns={customer: "customer_id"})
allowed = with_consent(typed, shop.table("consents"), purpose="profiling", on=shop.as_of)
agreed = set(allowed.kept["customer_id"]) if shop.has("consents") else None


def who_agreed(table):
    return table if agreed is None else table[table.iloc[:, 0].isin(agreed)]

show.text(allowed.balance(lang) if shop.has("consents") else word("plan.no_ledger", lang))

# %% [markdown] lang="zh"
# ### 特征，一条一条地放在一起
#
# 一位客户有哪些特征？类型、价值层级、所处阶段、常买的品类、说过的需求、潜在的需求。每条特征旁边是依据：这位客户的数字或原话，和规则要求的数字。不知道的就没有这一条，不猜。下面只列出同意画像的客户。
#
# 类型的名字来自教材。“无价值”说的是这一年的订单，不是人；给客户看的东西里不要写。

# %% [markdown] lang="en"
# ### Features, one beside the other
#
# Which features does a customer have? The type, the value tier, the stage, the usual category, needs that were said, needs that are latent. Beside each stands what it rests on: the numbers or the words of the customer, and the numbers that the rule asks for. What is not known has no line, and is not guessed. Only customers who agreed are shown below.
#
# The names of the types come from the textbook. “No value” speaks of a year of orders, not of a person; never write it where customers can read it.

# %%
from crmlab.grouping import facts, lifecycle, named_groups, value_tiers
from crmlab.patterns import preferences, purchase_lines

people = shop.table("customers")
if shop.has("consents"):
    people = with_consent(people, shop.table("consents"), purpose="analysis", on=shop.as_of).kept
people = people.rename(columns={"customer_id": customer})
usual = preferences(purchase_lines(shop.orders, result, **shop.goods_columns))
tiers = value_tiers(result)

# %% [markdown] lang="zh"
# **说过的话算多久？** 话会过时：两年前的抱怨，今天再打电话去道歉，没有人记得是为了什么。所以计划只看到参考日为止 90 天里写的文字。定得太短，会漏掉还没有解决的事；太长，旧事会占掉今天的人手。

# %% [markdown] lang="en"
# **For how long do words count?** They grow old: a call today about a complaint of two years ago would puzzle everybody. So the plan reads only what was written in the 90 days up to the reference date. Too short a time misses what is not settled yet; too long a time lets old matters take the staff of today.

# %%
days = 90


def lately():
    last = pd.Timestamp(shop.as_of)
    texts = said().texts
    recent = texts["written_on"].between(last - pd.Timedelta(days=days - 1), last)
    return found()[found()["text_id"].isin(texts.loc[recent, "text_id"])]

# %%
from crmlab.serve import group_features, latent_features, need_features, stage_features
from crmlab.serve.features import tier_features, type_features, usual_features

stages, groups = lifecycle(result, people), named_groups(facts(result, usual, people))
features = [type_features(result, lang), tier_features(tiers, lang), usual_features(usual, lang)]
features += [stage_features(stages, lang, currency=shop.currency)]
features += [group_features(groups, lang, currency=shop.currency)]
if shop.has("texts"):
    features += [need_features(lately(), lang), latent_features(latent(), lang)]
listed = who_agreed(pd.concat(features)).sort_values("customer_id", kind="stable")
show.table(listed[["customer_id", "feature", "evidence"]], lang, rows=6)

# %% [markdown] lang="zh"
# ### 服务写成目录
#
# 服务也是数据：给谁、走哪条渠道、每位客户多少钱、最多能照顾几位（空着就是没有上限）。谁都能读，改一行就换一种服务。

# %% [markdown] lang="en"
# ### Services are a catalogue
#
# Services are data too: for whom, by which channel, at what cost per customer, and for how many at most (blank means no limit). Anybody can read it, and one changed line changes the service.

# %%
from crmlab.serve import compare_policies, make_plan, open_catalogue

catalogue = open_catalogue()
listed = catalogue.overview(lang)[["service", "applies", "channel", "cost", "capacity"]]
show.table(listed, lang, currency=catalogue.currency, rows=8)

# %% [markdown] lang="zh"
# ### 三种对待低价值客户的办法
#
# R↑F↓M↓ 的客户，书上的说法不一样：有的说不必再维系，有的说用优惠激活，有的说给自助服务。三种都在这里，人数一样，钱不一样。
#
# 哪一种都不会自动排除任何人。**你选哪一种？凭什么？**

# %% [markdown] lang="en"
# ### Three ways to treat customers of low value
#
# On customers in R↑F↓M↓ the books differ: some say the relation need not be kept, some would activate them with offers, some give them self-service. All three are here, for the same customers and at different costs.
#
# None of them excludes anybody automatically. **Which one would you choose, and why?**

# %% tags=["nbval-check-output"]
policies = compare_policies(result, features, catalogue, agreed=agreed, lang=lang)
show.table(policies, lang, currency=catalogue.currency)

# %% [markdown] lang="zh"
# ### 个性化服务表
#
# 三列：谁，有什么特征，怎样服务。

# %% [markdown] lang="en"
# ### The table of personalised service
#
# Three columns: who, with which features, and how we serve them.

# %% tags=["nbval-check-output"]
plan = make_plan(result, features, catalogue, agreed=agreed, policy=settings.policy,
                 personalised=settings.personalised, lang=lang)
show.table(plan.in_words(), lang, rows=6)

# %% tags=["nbval-check-output"]
show.text(plan.describe(lang))

# %% [markdown] lang="zh"
# **为什么是这样？** 任何一位客户都可以问。这里选特征最多的一位：每条特征的依据是什么，每项服务是目录的哪一行，要多少钱，有没有排队。这里只写有几笔订单；`plan.why` 还列出订单号。

# %% [markdown] lang="en"
# **Why is it so?** You can ask for every customer. Here we take the one with most features: what each feature is based on, which line of the catalogue each service is, what it costs, and whether there is a queue. Here stands only how many orders there are; `plan.why` names their numbers too.

# %%
chosen = plan.table["customer_id"].iloc[0]
if len(plan.features):
    chosen = plan.features.groupby("customer_id").size().idxmax()
why = plan.why(chosen)[["column", "said", "evidence"]]
mine = plan.features[plan.features["customer_id"] == chosen]
short = dict(zip(mine["feature"], mine["evidence"], strict=True))
told = [short.get(one, long) for one, long in zip(why["said"], why["evidence"], strict=True)]
show.table(why.assign(evidence=told), lang, rows=12)

# %% [markdown] lang="zh"
# **人手和钱。** 打电话、送试用品都有上限。谁先得到，由公开的次序决定：先看层级，再看金额，还相同就看由编号算出来的固定次序，谁也挑不了。排不上的人在等候名单里，有自己的位置。

# %% [markdown] lang="en"
# **Staff and money.** Calls and samples are limited. Who comes first is decided by a published order: tier, then money, then a fixed order computed from the number, which nobody can choose. Those who do not get it now are on a waiting list with their place.

# %% tags=["nbval-check-output"]
limited = plan.budget().dropna(subset=["capacity"])
limited = limited[["service", "capacity", "planned", "waiting", "cost"]]
show.table(limited, lang, currency=catalogue.currency)

# %%
show.services_by_tier(plan, lang)

# %% [markdown] lang="zh"
# **电话打给了谁？** 看图里“客服回访，看看哪里不满意”那一行：教学数据里，低价值的客户一位也没有轮到，都在等。这个次序，你会改吗？比如先打给等得最久的人。
#
# 处理投诉的电话这一次够用，因为只看 90 天。**试一试**：把上面的 `days` 改成 730，从那一格重新运行到这里。要打的电话多出多少？名额全给了谁？
#
# **关掉个性化会怎样？** 法律要求给人一个不按画像来的选择。设成 `personalised=False`，所有人的服务就一模一样。数一数：有几种不同的服务？

# %% [markdown] lang="en"
# **Who got the calls?** Look at the row “a call to learn what is not right”: with the teaching data not one went to customers of low value; they all wait. Would you change this order, and call those first who have waited longest?
#
# There are calls enough for the complaints this time, because only 90 days count. **Try it**: set `days` above to 730 and run again from that cell to here. How many more calls are wanted? Who gets all the places?
#
# **And with personalising switched off?** The law asks for a choice that does not rest on a profile. With `personalised=False` everybody gets the very same. Count them: how many different services are there?

# %% tags=["nbval-check-output"]
same = make_plan(result, features, catalogue, agreed=agreed, policy=settings.policy,
                 personalised=False, lang=lang)
show.table(same.table["service"].value_counts().rename("customers").reset_index(), lang)

# %% [markdown] lang="zh"
# ### 人说了算
#
# 店员认识一位客户，要改计划里的一格。
#
# 改谁的？这里选一位服务会变的：假如只看最近 180 天的订单，机器给的服务就不同了。

# %% [markdown] lang="en"
# ### People have the last word
#
# A member of staff knows a customer and wants to change a cell of the plan.
#
# Whose? Here we take somebody whose service will change: if only the orders of the last 180 days counted, the machine would propose something else.

# %%
@cache
def later():
    known = {"as_of": shop.as_of, "currency": shop.currency} | shop.columns
    recent = type_customers(shop.orders, window=180, **known)
    again = [type_features(recent, lang), tier_features(value_tiers(recent), lang), *features[2:]]
    return make_plan(recent, again, catalogue, agreed=agreed, policy=settings.policy, lang=lang)

# %%
from crmlab.errors import DataError


@cache
def moved():
    both = plan.machine.merge(later().machine, on="customer_id", suffixes=("", "_later"))
    changed = both.loc[both["service"] != both["service_later"], "customer_id"]
    if changed.empty:
        raise DataError("serve_no_change")
    return changed.iloc[0]

# %% [markdown] lang="zh"
# 现在改。看看改过的格子：找真人的那一句，改了也还在。

# %% [markdown] lang="en"
# Now the change. Look at the changed cell: the way to a real person is still in it.

# %%
call = {"zh": "先打一个电话，听听意见", "en": "call first and listen"}[lang]
because = {"zh": "老顾客，上周来过店里", "en": "an old customer, was in the shop last week"}[lang]


def edited():
    return plan.edit(moved(), "service", call, by="staff-3", on=shop.as_of, why=because)


def cell():
    table = edited().table
    return table.loc[table["customer_id"] == moved(), ["customer_id", "service"]]

show.tried(lambda: show.table(cell(), lang), lang)

# %% [markdown] lang="zh"
# 下个月数据变了，重新算一遍：人改的那一格还在，机器的新建议放在旁边，由人决定。

# %% [markdown] lang="en"
# Next month the data have changed and everything is computed again: the changed cell stays, and what the machine proposes now stands beside it for a person to decide.

# %%
def kept():
    with tempfile.TemporaryDirectory() as folder:
        edited().save(folder)
        return later().reopen(folder).conflicts[["customer_id", "text", "proposed", "proposed_now"]]

show.tried(lambda: show.table(kept(), lang), lang)

# %% [markdown] lang="zh"
# ### 自己动手：在表单里改
#
# 同样的修改，也可以在表单里做：选一位客户，看清依据，改一格，写明原因，再保存。要先运行这一课，表单才能用。
#
# **试一试**：不写原因就保存，会怎样？写进一个电话号码呢？换成一位没有同意画像的客户呢？

# %% [markdown] lang="en"
# ### Try it: change the plan in a form
#
# The same change can be made in a form: choose a customer, read what the row is based on, change a cell, say why, save. The form works once the lesson has been run.
#
# **Try it**: what happens if you save without a reason? With a phone number in the text? For a customer who did not agree to profiling?

# %%
from crmlab.serve.editor import plan_editor


@cache
def editor():
    return plan_editor(edited(), lang, by="staff-3", on=shop.as_of, customer=moved())

show.tried(editor, lang)

# %% [markdown] lang="zh"
# 保存几处以后，运行下一格：计划换成只看 180 天订单的那一份。您写的都还在；机器有了别的建议，就列在上面表单的最下面。

# %% [markdown] lang="en"
# When you have saved a few changes, run the next cell: the plan becomes the one that rests on 180 days of orders. All that you wrote is still there, and where the machine proposes something else now, the end of the form above lists it.

# %%
def renewed():
    editor().take(later())
    return show.table(editor().plan.edits[["customer_id", "column", "text", "edited_why"]], lang)

show.tried(renewed, lang)

# %% [markdown] lang="zh"
# ### 多久联系一次，由谁联系
#
# 每个层级有自己的节奏。高价值客户有专属客户经理，一位经理照顾的人数有上限，已经有经理的客户不用换人。计划里按 150 个名额算。如果只有三位经理，一共照顾 110 位呢？

# %% [markdown] lang="en"
# ### How often, and by whom
#
# Each tier has its own rhythm. Customers of high value have an account manager; a manager serves a limited number of them, and nobody has to change managers. The plan counted on 150 places. What if there are only three managers, for 110 customers in all?

# %% tags=["nbval-check-output"]
from crmlab.serve import assign_managers, communication_plan

month = {"on": shop.as_of, "until": shop.as_of + dt.timedelta(days=29)}
contacts = communication_plan(tiers, agreed=agreed, **month, lang=lang)
show.table(contacts.table[["value_tier", "customers", "channel", "what", "every_days", "contacts"]], lang)

# %% tags=["nbval-check-output"]
staff = pd.DataFrame({"manager": ["M1", "M2", "M3"], "capacity": [40, 40, 30]})
managed = assign_managers(tiers[tiers["value_tier"] == "high"], staff, agreed=agreed)
show.text(managed.describe(lang))

# %% [markdown] lang="zh"
# ## 第三段：照计划去做
#
# 服务老客户有四种常用的做法：
#
# 1. **关怀**：生日、节日的问候，不等客户开口。
# 2. **回访**：用过之后怎么样？有什么意见？
# 3. **新品通知**：只告诉感兴趣、也愿意收的人。
# 4. **优惠**：按时发放的优惠券，有预算，有期限。
#
# ### 关怀日历
#
# 30 天里有哪些日子？生日只显示在哪一周，具体日期只写进店里自己的文件。

# %% [markdown] lang="en"
# ## Part three: carrying it out
#
# There are four usual ways to serve customers whom we know:
#
# 1. **Care**: greetings on birthdays and holidays, before the customer asks.
# 2. **Follow-up**: how was it in use? What could be better?
# 3. **New products**: only to those who are interested and want to hear.
# 4. **Offers**: coupons at set times, with a budget and an end date.
#
# ### A calendar of care
#
# Which days lie within the next 30? Birthdays are shown by their week only; the exact days go to a file of the shop's own.

# %% tags=["nbval-check-output"]
from crmlab.care import busy_day, care_calendar, compare_queues, interest_list


@cache
def calendar():
    return care_calendar(shop, **month)

show.tried(lambda: show.table(calendar().weeks(lang), lang, rows=12), lang)

# %%
show.tried(lambda: show.care_weeks(calendar(), lang), lang)

# %% [markdown] lang="zh"
# 每个事由都有下落：要么成了一项任务，要么写明为什么没有。

# %% [markdown] lang="en"
# Every occasion is accounted for: it became a task, or the reason why not is listed.

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(calendar().describe(lang)), lang)

# %% [markdown] lang="zh"
# **新品通知。** 假设新品属于最多客户常买的那个品类，结果里会写出是哪一个。谁最近看过或买过这个品类，又同意了营销和画像？

# %% [markdown] lang="en"
# **A new product.** Say it belongs to the category that most customers usually buy; the result names it. Who looked at this category or bought in it lately, and agreed to marketing and to profiling?

# %% tags=["nbval-check-output"]
def interested():
    if plan.agreed is None:
        raise DataError("serve_exercise")
    category = usual["top_category"].mode().get(0, "coffee")
    return interest_list(category, lines=shop.orders, events=events, products=shop.table("products"),
                         consents=shop.table("consents"), on=shop.as_of)

show.tried(lambda: show.text(interested().describe(lang)), lang)

# %% [markdown] lang="zh"
# **先回复谁？** 618 那天，客服会忙不过来。这里模拟一天：300 件事，四位客服，三种规则。先来先办，不看是谁。只看层级，低价值客户可能等上很久。等得越久越优先，是给每个层级一点起步的优势，再让等待的时间也算数，就不会有人被忘掉。
#
# “未知”是层级未知的客户：没有同意画像，或者这一年没有订单。
#
# **先猜：哪一种规则下，最长的等待最短？** 再看“最长等待”那一列。

# %% [markdown] lang="en"
# **Who is answered first?** At the 618 festival there is more work than people. Here is a simulated day: 300 matters, four people, three rules. First come first served does not ask who it is. With strict priority, customers of low value may wait very long. Where longer waits move up, each tier has a head start and waiting counts as well, so nobody is forgotten.
#
# “Unknown” are customers whose tier is not known: they did not agree to profiling, or had no order in this year.
#
# **Guess first: with which rule is the longest wait shortest?** Then look at the column of the longest wait.

# %% tags=["nbval-check-output"]
@cache
def queues():
    tickets = busy_day(shop.table("service_records"), who_agreed(tiers), day=shop.as_of, seed=settings.seed)
    return compare_queues(tickets, agents=("A1", "A2", "A3", "A4"))

show.tried(lambda: show.table(queues(), lang, rows=12), lang)

# %%
show.tried(lambda: show.queue_waits(queues(), lang), lang)

# %% [markdown] lang="zh"
# 先来先办时，最长的等待最短。给一些人优势，别的人就多等一会儿，没有同意画像的客户也在里面。**这样公平吗？**

# %% [markdown] lang="en"
# First come first served has the shortest longest wait. A head start for some lets the others wait longer, those who did not agree to profiling among them. **Is that fair?**

# %% [markdown] lang="zh"
# ### 积分：一本账
#
# 积分是一本账：赚、花、过期、退货时收回。账只往后加，不改前面的行。一位客户买了 300 元，用掉 250 分，然后把东西全退了。**余额是多少？** 先想，再运行。

# %% [markdown] lang="en"
# ### Points are a ledger
#
# Points are a ledger: earned, spent, expired, and called back on a refund. Lines are added, never changed. A customer buys for 300 yuan, spends 250 points and then returns everything. **What is the balance?** Think first, then run it.

# %% tags=["nbval-check-output"]
from crmlab.loyalty import Ledger, check_ledger, open_scheme

scheme = open_scheme()
ledger = Ledger(scheme.points)
ledger.earn("C1", "order-1", 30_000, on=dt.date(2026, 6, 1))
ledger.spend("C1", 250, on=dt.date(2026, 6, 5), reference="gift-1")
ledger.refund("C1", "order-1", 0, on=dt.date(2026, 6, 9))
log = ledger.frame()
show.table(log[["entry", "on", "kind", "points", "balance", "debt"]], lang)

# %% [markdown] lang="zh"
# 余额不会是负数。花掉的 250 分成了欠账，以后赚的积分先还它。
#
# **试一试：改坏它。** 把第 2 行的余额改成 500，检查会说哪一行、应该是多少。

# %% [markdown] lang="en"
# The balance is not negative. The 250 points that were spent become a debt, which later points pay first.
#
# **Try it: break it.** Set the balance in line 2 to 500, and the check says which line is wrong and what it should be.

# %% tags=["nbval-check-output"]
log.loc[1, "balance"] = 500
show.table(check_ledger(log), lang)

# %% [markdown] lang="zh"
# 一个错，三条提醒。从最上面一条改起：第 2 行改回 50，另外两条也就没有了。

# %% [markdown] lang="en"
# One error, three warnings. Mend the first: with 50 in line 2 the other two are gone.

# %% [markdown] lang="zh"
# ### 会员折扣：一个等级，一个价格
#
# 会员折扣不是消息，是公开的价格规则。价格只由商品和等级决定，函数里根本没有放客户的地方。

# %% [markdown] lang="en"
# ### The member discount: one level, one price
#
# The member discount is no message but a published price rule. A price depends on the product and the level alone; the function has no place for a customer.

# %% tags=["nbval-check-output"]
from crmlab.loyalty import members, price_rule


def levels():
    return members(result, open_scheme(currency=shop.currency)).counts()

show.tried(lambda: show.table(levels(), lang, currency=shop.currency), lang)

# %%
show.tried(lambda: show.table(price_rule(scheme, shop.table("products")).table(), lang, rows=5), lang)

# %% [markdown] lang="zh"
# ### 优惠券：有预算
#
# 给“曾经常来、花得多、很久没来”的客户（R↑F↑M↑）每人一张 15 元的券，满 99 元可用，总共不超过 300 元。按类型挑人也是画像，所以只发给同意画像的客户。先想：最多能发几张？

# %% [markdown] lang="en"
# ### Coupons within a budget
#
# Customers who came often, spent a lot and stayed away (R↑F↑M↑) get a coupon of 15 yuan each, for orders from 99 yuan, and all of them may cost at most 300. To choose by type is profiling too, so only those who agreed to it get one. Think first: how many coupons is that at most?

# %% tags=["nbval-check-output"]
from crmlab.loyalty import CouponCampaign, issue_coupons


@cache
def coupons():
    offer = CouponCampaign("recall_618", 1_500, 9_900, 30_000, shop.as_of + dt.timedelta(days=30))
    chosen = who_agreed(typed)
    return issue_coupons(chosen[chosen["type"] == 4], offer, key=shop.key, on=shop.as_of, by="monetary")

show.tried(lambda: show.text(coupons().describe(lang)), lang)

# %% [markdown] lang="zh"
# ### 试用品：有库存
#
# 新品上市前，计划里有 60 个寄试用品的名额，仓库里只有 20 份。计划不等于可以寄：要同意营销，还要有地址。够条件的人里，净消费多的在先；样样相同就抽签，签是用店里的密钥算出来的，谁也挑不了。**先猜：20 份寄得完吗？**

# %% [markdown] lang="en"
# ### Samples within a stock
#
# Before a launch the plan has 60 places for samples, and only 20 are in stock. A plan is no leave to send: there must be consent to marketing, and an address. Among those, larger net spend goes first; where all is equal, a draw decides that is computed with the shop's key, so nobody can choose. **Guess first: will all 20 be sent?**

# %% tags=["nbval-check-output"]
from crmlab.loyalty import sample_list


def samples():
    chosen = typed.merge(plan.customers_of("first_trial"), on="customer_id")
    home = chosen.merge(shop.table("customers"), on="customer_id")
    ledger = shop.table("consents")
    return sample_list(home, 20, product="P001", consents=ledger, on=shop.as_of, key=shop.key)

show.tried(lambda: show.text(samples().describe(lang)), lang)

# %% [markdown] lang="zh"
# 排在库存之外的人没有被排除：再来一批货，就按同样的次序往下寄。

# %% [markdown] lang="en"
# Those beyond the stock are not excluded: when more samples come in, they follow in the same order.

# %% [markdown] lang="zh"
# ### 发件箱
#
# 渠道有五条：旺旺群消息、站内信、短信、邮件，还有社交媒体上的一条公开消息。
#
# 每条消息都要过几关：是不是我们的客户，有没有地址，同意没有，退订没有，是不是半夜，这个月是不是已经够多了。每个决定都留一行，拒绝的写明原因。
#
# 我们在晚上 10 点半把优惠券的短信交给它。**会发出几条？有券的人，都能通知到吗？**

# %% [markdown] lang="en"
# ### The outbox
#
# There are five channels: group messages, messages on the site, text messages, mails, and a public post on social media.
#
# Each message passes some gates: do we know the customer, is there an address, did they agree, did they refuse, is it night, were there enough this month? Each decision leaves a line, and a refusal says why.
#
# At half past 10 in the evening we hand it the text messages with the coupons. **How many go out? Can everybody with a coupon be told?**

# %%
from contextlib import ExitStack

from crmlab.outbox import Outbox, Sender, open_rules, sms_length

work = ExitStack()
place = work.enter_context(tempfile.TemporaryDirectory())


@cache
def outbox():
    box = Outbox.open(place, shop, rules=open_rules("cn"), sender=Sender.example(lang), lang=lang)
    return work.enter_context(box)

# %% tags=["nbval-check-output"]
def clock(hour, minute, days=0):
    day = shop.as_of + dt.timedelta(days=days)
    return dt.datetime.combine(day, dt.time(hour, minute), ZoneInfo("Asia/Shanghai"))


@cache
def requests():
    wanted = coupons().issued[["customer_id", "code", "expires_on"]]
    return wanted.assign(template="coupon", channel="sms", campaign="recall_618",
                         until=wanted["expires_on"].dt.strftime("%Y-%m-%d"))

show.tried(lambda: show.table(outbox().put(requests(), at=clock(22, 30)).summary(), lang), lang)

# %% [markdown] lang="zh"
# 夜里一条也没有发。同意了的，等到早上 8 点；没有同意的，直接拒绝。早上再问一次同意，因为夜里也可能有人退订。

# %% [markdown] lang="en"
# In the night nothing goes out. Those who agreed wait until 8 in the morning; those who did not are refused. In the morning consent is asked again, for somebody may have refused overnight.

# %% tags=["nbval-check-output"]
show.tried(lambda: show.table(outbox().release(at=clock(8, 0, days=1)).summary(), lang), lang)

# %% [markdown] lang="zh"
# 券比消息多：下次先核对同意，再发券，预算才不会闲着。
#
# **同一批再交一次，会怎样？**

# %% [markdown] lang="en"
# There are more coupons than messages: next time check consent first, so that no budget lies idle.
#
# **And if the same batch is handed in once more?**

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(outbox().put(requests(), at=clock(9, 0, days=1)).balance(lang)), lang)

# %% [markdown] lang="zh"
# 没有发的又问了一遍，答案一样；写好的没有再写一遍。
#
# **一位客户回复 T。** 从这一刻起，短信对这位客户永远关上，以后再同意也不会打开。下面再试着发一条。

# %% [markdown] lang="en"
# Those not sent were asked again, with the same answer; those written were not written twice.
#
# **A customer answers T.** From this moment on text messages to this customer are closed for ever, and a later consent does not open them. Below we try to write once more.

# %%
@cache
def first_written():
    history = outbox().history()
    told = history.loc[history["decision"] == "written", "customer_id"]
    if told.empty:
        raise DataError("outbox_none_written")
    return told.iloc[0]

# %% tags=["nbval-check-output"]
def after_t():
    outbox().reply(first_written(), "T", channel="sms", at=clock(9, 30, days=1))
    again = requests()[requests()["customer_id"] == first_written()].assign(campaign="second_try")
    answered = outbox().put(again, at=clock(10, 0, days=1))
    return answered.decisions[["customer_id", "channel", "decision", "reason"]]

show.tried(lambda: show.table(after_t(), lang), lang)

# %% [markdown] lang="zh"
# 短信是什么样子？签名在前，退订的办法在后。客户选过语言的，就用那种语言。长度决定价钱：中文 70 个字以内是一条，超过了就按每 67 个字一条来算。

# %% [markdown] lang="en"
# What does a text message look like? The signature comes first, the way to refuse last. A customer gets the language they chose. Its length decides the price: with Chinese characters, up to 70 of them are one part. Above that, each part holds 67.

# %%
show.tried(lambda: outbox().preview(first_written(), lang), lang)

# %% tags=["nbval-check-output"]
words = {"zh": "【小满杂货】您好，618 优惠券已到账，满 99 元可用，拒收请回复T",
         "en": "Xiaoman Goods: your 618 coupon is here, for orders from 99 yuan. Reply T to stop"}[lang]
length = sms_length(words)
told = word("outbox.preview_length", lang, characters=length.characters, parts=length.parts)
show.text(f"{words}\n{told}")

# %% [markdown] lang="zh"
# ### 存成文件
#
# 计划写成表格，再写成一份可以导入 CRM 的文件；消息写进发件箱：短信、邮件、旺旺、站内信，还有一条公开的帖子。里面有真的联系方式，所以这里只列文件名，不显示内容。
#
# **现在就做**：把最上面的 `tables` 改成 `"out/serve"`，从头运行一遍，然后打开 `plan.xlsx` 和 `outbox` 文件夹。`.eml` 用邮件软件打开。

# %% [markdown] lang="en"
# ### Kept as files
#
# The plan becomes a spreadsheet, and a file that a CRM can import; the messages go into the outbox: text messages, mails, group messages, messages on the site, and one public post. They hold real contacts, so only the names of the files are listed here, and not what is in them.
#
# **Do it now**: set `tables` at the top to `"out/serve"`, run all, and open `plan.xlsx` and the folder `outbox`. A mail program opens the `.eml` files.

# %%
from crmlab.serve import write_plan

folder = Path(settings.tables or work.enter_context(tempfile.TemporaryDirectory()))
plan.save(folder)


def crm_file():
    if plan.agreed == 0:
        raise DataError("serve_nobody_profiled")
    return write_plan(plan, shop, "zoho_plan", folder / "plan_crm.csv")

show.tried(lambda: show.text(crm_file().balance(lang)), lang)

# %%
writer = {"rules": open_rules("cn"), "sender": Sender.example(lang), "lang": lang}


def keep_outbox():
    post = {"customer_id": None, "template": "festival_post", "channel": "social"}
    post = pd.DataFrame([post | {"topic": "618", "day": shop.as_of}])
    each = [requests().assign(channel=channel) for channel in ("sms", "email", "wangwang", "onsite")]
    with Outbox.open(folder / "outbox", shop, **writer) as box:
        return box.put(pd.concat([*each, post]), at=clock(9, 0)).summary()

show.tried(lambda: show.table(keep_outbox(), lang, rows=12), lang)

# %% [markdown] lang="zh"
# **同一张券，四条渠道。** 选一位客户，看看写给这位客户的每一条：长短、称呼、退订的办法，各有什么不同？姓名、联系方式和券码都遮住了。

# %% [markdown] lang="en"
# **One coupon, four channels.** Choose a customer and look at each message: how do they differ in length, in the form of address, in the way to refuse? Names, contacts and coupon codes are masked.

# %%
from crmlab.outbox.preview import previews


def messages():
    with Outbox.open(folder / "outbox", shop, **writer) as box:
        return previews(box, lang)

show.tried(messages, lang)

# %% [markdown] lang="zh"
# 写了哪些文件？每封邮件一个文件，这里合成一行。

# %% [markdown] lang="en"
# Which files were written? Each mail is a file; here they share a line.

# %%
files = [one.relative_to(folder) for one in folder.rglob("*") if one.is_file()]
work.close()
names = {(one.with_stem("*") if one.suffix == ".eml" else one).as_posix() for one in files}
show.text("\n".join(sorted(names)))

# %% [markdown] lang="zh"
# ## 小结和作业
#
# 回到开头的三个答案。同一张券，对谁有用？现在你可以说出依据是什么。
#
# - 需求引用原文，计划写明依据，消息留下记录。
# - 没有同意的，不画像，不打扰，服务照旧。
# - 有没有用，还不知道。下一课：留出一部分人，一个月后再比。
#
# **作业**：从表里挑一位客户，写一条 618 的短信。要有称呼、理由、店名和退订的办法，不要超过 70 个字。

# %% [markdown] lang="en"
# ## Summary and homework
#
# Back to your three answers. For whom is the coupon useful? Now you can say what that is based on.
#
# - Needs cite the words, the plan names its reasons, messages leave a log.
# - Whoever did not agree is not profiled and not disturbed, and is served as before.
# - Whether it helps we do not know yet. In the next lesson some people are left out, and after a month we compare.
#
# **Homework**: choose a customer from the table and write a text message for the 618 festival. It needs a form of address, a reason, the name of the shop and a way to refuse, in no more than 70 characters if you write it in Chinese.

# %% exercise="setup"
import datetime as dt
import tempfile
from zoneinfo import ZoneInfo

import pandas as pd

from crmlab import word
from crmlab.course.practice import practice
from crmlab.loyalty import Ledger, open_scheme
from crmlab.needs import asked_needs, declined_needs, find_needs, latent_needs, read_texts
from crmlab.outbox import Outbox, Sender, open_rules, sms_length
from crmlab.serve import make_plan, need_features, open_catalogue
from crmlab.serve.features import type_features

answer, check = practice("03_serve", shop, settings)
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 窗口里有购买的客户（`result.customers`）里，有多少位既同意了用途 `"profiling"`，又同意了 `"marketing"`？

# %% [markdown] lang="en" question="q1"
# ## q1
#
# Among the customers with a purchase in the window (`result.customers`), how many agreed both to the purpose `"profiling"` and to `"marketing"`?

# %% solution="q1"
agreed = result.customers
for purpose in ("profiling", "marketing"):
    agreed = with_consent(agreed, shop.table("consents"), purpose=purpose, on=shop.as_of).kept
answer("q1", len(agreed))

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 用 `read_texts` 读文本，用 `find_needs` 找需求。有多少位客户提出了至少 2 种不同的需求？说不要的不算。

# %% [markdown] lang="en" question="q2"
# ## q2
#
# Read with `read_texts` and find with `find_needs`. How many customers asked for at least 2 different needs? Declined needs do not count.

# %% solution="q2"
found = find_needs(read_texts(shop, lang).texts, lang)
kinds = asked_needs(found).groupby("customer_id")["need"].nunique()
answer("q2", int((kinds >= 2).sum()))

# %% [markdown] lang="zh" question="q3"
# ## q3
#
# 每一种需求都要有依据。客户明说不要的需求，各是哪条文本里的哪几个字？一张表，三列：`text_id`、`need`、`span`。

# %% [markdown] lang="en" question="q3"
# ## q3
#
# Each need has its evidence. Which words of which text say that a customer does not want something? A table with three columns: `text_id`, `need` and `span`.

# %% solution="q3"
answer("q3", declined_needs(found)[["text_id", "need", "span"]])

# %% [markdown] lang="zh" question="q4"
# ## q4
#
# 潜在需求要看至少 5 次。改成至少 8 次（`min_views=8`），还剩多少位客户？只用同意分析的客户的事件。

# %% [markdown] lang="en" question="q4"
# ## q4
#
# Latent needs ask for at least 5 views. With at least 8 (`min_views=8`), how many customers are left? Use the events of customers who agreed to analysis only.

# %% solution="q4"
events = with_consent(shop.table("events"), shop.table("consents"), purpose="analysis", on=shop.as_of).kept
latent = latent_needs(events, shop.orders, shop.table("products"), min_views=8).table
answer("q4", latent["customer_id"].nunique())

# %% [markdown] lang="zh" question="q5"
# ## q5
#
# 一位客户在 2026-03-01 买了 `window` 元的东西，2026-03-09 花掉 `window - 10` 分，2026-03-20 退掉了 `window // 3` 元的货，2026-04-02 又买了 120 元。2026-04-02 还有多少积分？用 `Ledger(open_scheme().points)` 算。

# %% [markdown] lang="en" question="q5"
# ## q5
#
# A customer buys for `window` yuan on 2026-03-01, spends `window - 10` points on 2026-03-09, returns goods for `window // 3` yuan on 2026-03-20, and buys again for 120 yuan on 2026-04-02. How many points are there on 2026-04-02? Work it out with `Ledger(open_scheme().points)`.

# %% solution="q5"
ledger = Ledger(open_scheme().points)
ledger.earn("C1", "first", window * 100, on=dt.date(2026, 3, 1))
ledger.spend("C1", window - 10, on=dt.date(2026, 3, 9), reference="gift")
ledger.refund("C1", "first", (window - window // 3) * 100, on=dt.date(2026, 3, 20))
ledger.earn("C1", "second", 12_000, on=dt.date(2026, 4, 2))
answer("q5", ledger.balance("C1"))

# %% [markdown] lang="zh" question="q6"
# ## q6
#
# 晚上 23 点，给 `result.customers` 里的每位客户发一条短信（模板 `"coupon"`，`code` 和 `until` 随便写）。发件箱让多少条等到早上？

# %% [markdown] lang="en" question="q6"
# ## q6
#
# At 23 in the evening, one text message goes to each customer of `result.customers` (template `"coupon"`; `code` and `until` may be anything). How many does the outbox hold until the morning?

# %% solution="q6"
customers = result.customers.rename(columns={result.customer_column: "customer_id"})
requests = customers[["customer_id"]].assign(template="coupon", channel="sms", code="ABC", until="2026-12-31")

night = dt.datetime.combine(shop.as_of, dt.time(23), ZoneInfo("Asia/Shanghai"))
with Outbox.open(tempfile.mkdtemp(), shop, rules=open_rules("cn"), sender=Sender.example(lang), lang=lang) as box:
    report = box.put(requests, at=night)
answer("q6", report.counts["held"])

# %% [markdown] lang="zh" question="q7"
# ## q7
#
# 其余的都被拒了。各是什么原因，各有多少条？一张表，两列：`reason` 和 `requests`。

# %% [markdown] lang="en" question="q7"
# ## q7
#
# The others were refused. For which reasons, and how many for each? A table with two columns: `reason` and `requests`.

# %% solution="q7"
refused = report.summary().query("decision == 'refused'")
answer("q7", refused[["reason", "requests"]])

# %% [markdown] lang="zh" question="q8"
# ## q8
#
# 一条有 `window` 个汉字的短信，按几条付费？用 `sms_length`。

# %% [markdown] lang="en" question="q8"
# ## q8
#
# A text message has `window` Chinese characters. For how many parts do you pay? Use `sms_length`.

# %% solution="q8"
answer("q8", sms_length("好" * window).parts)

# %% [markdown] lang="zh" question="q9"
# ## q9
#
# 做一张服务表。特征只用类型（`type_features`）和需求（`need_features`），目录是 `open_catalogue()`，同意的人是第 1 题里的，办法是 `policy`。回答一张表，三列：`customer_id`、`customer_features`、`service`。

# %% [markdown] lang="en" question="q9"
# ## q9
#
# Make a plan. Its features are the types (`type_features`) and the needs (`need_features`) only, the catalogue is `open_catalogue()`, those who agreed are the ones of question 1, and the policy is `policy`. Answer with a table of three columns: `customer_id`, `customer_features` and `service`.

# %% solution="q9"
features = [type_features(result, lang), need_features(found, lang)]
plan = make_plan(result, features, open_catalogue(), agreed=set(agreed[result.customer_column]),
                 policy=policy, lang=lang)
answer("q9", plan.table)

# %% [markdown] lang="zh" question="q10"
# ## q10
#
# 给 R↑F↑M↑ 的客户写一条短信，七十个字以内：要有称呼、理由、一个具体的好处，也要让人能退订。写成文字，由老师来读。

# %% [markdown] lang="en" question="q10"
# ## q10
#
# Write a text message to a customer in R↑F↑M↑, in at most seventy characters if you write Chinese: with a form of address, a reason, one concrete benefit, and a way to opt out. Write it as text; your instructor reads it.

# %% solution="q10"
answer("q10", word("sample.essay_03", lang))
